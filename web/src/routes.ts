/**
 * Every page address. One row each, in this form: the build reads this file to know which chunks an
 * address needs. The table is not in the stage's first load: `first.ts` has the stage's own row. `open`: may be seen without a login. `bare`: the phone's bottom bar makes way.
 */
import type { Component } from 'svelte';
import type { Area } from '~/i18n/words.gen';

export interface Route {
  path: string;
  words: readonly Area[];
  page: () => Promise<{ default: Component<any> }>;
  open?: boolean;
  bare?: boolean;
}

export const routes: readonly Route[] = [
  { path: '/', words: ['lobby'], page: () => import('~/features/lobby/HomePage.svelte'), open: true },
  { path: '/sign-in', words: ['account'], page: () => import('~/features/account/SignInPage.svelte'), open: true },
  { path: '/sign-up', words: ['account'], page: () => import('~/features/account/SignUpPage.svelte'), open: true },
  { path: '/join', words: ['account'], page: () => import('~/features/account/JoinPage.svelte'), open: true },
  { path: '/enter', words: ['account'], page: () => import('~/features/account/EnterPage.svelte'), open: true },
  { path: '/setup', words: ['account'], page: () => import('~/features/account/SetupPage.svelte'), open: true },
  { path: '/r/:ref', words: ['registration'], page: () => import('~/features/registration/RegisterPage.svelte'), open: true },
  { path: '/pass', words: ['registration'], page: () => import('~/features/registration/PassPage.svelte'), open: true },
  { path: '/unsubscribe', words: ['notices'], page: () => import('~/features/notices/StopPage.svelte'), open: true },
  { path: '/notifications', words: ['notices'], page: () => import('~/features/notices/NoticesPage.svelte') },
  { path: '/demo/outbox', words: ['notices'], page: () => import('~/features/demo/OutboxPage.svelte') },
  { path: '/me', words: ['account', 'work'], page: () => import('~/features/me/MePage.svelte') },
  { path: '/check', words: ['check'], page: () => import('~/features/check/CheckPage.svelte'), open: true },
  { path: '/c/:conference_id', words: ['conference'], page: () => import('~/features/conference/ConferencePage.svelte') },
  { path: '/p/:slug', words: ['conference', 'programme'], page: () => import('~/features/programme/PublicPage.svelte'), open: true },
  { path: '/c/:conference_id/today', words: ['programme'], page: () => import('~/features/programme/TodayPage.svelte') },
  { path: '/c/:conference_id/import', words: ['programme'], page: () => import('~/features/programme/ImportPage.svelte') },
  { path: '/c/:conference_id/edit', words: ['conference', 'programme'], page: () => import('~/features/conference/EditPage.svelte') },
  { path: '/c/:conference_id/settings', words: ['settings'], page: () => import('~/features/settings/SettingsPage.svelte') },
  { path: '/c/:conference_id/log', words: ['log', 'talk'], page: () => import('~/features/moderation/LogPage.svelte') },
  { path: '/c/:conference_id/registrations', words: ['settings'], page: () => import('~/features/registration/ListPage.svelte') },
  { path: '/c/:conference_id/announcements', words: ['notices'], page: () => import('~/features/announcements/AnnouncementsPage.svelte') },
  { path: '/c/:conference_id/people', words: ['people'], page: () => import('~/features/people/PeoplePage.svelte') },
  { path: '/c/:conference_id/messages', words: ['messages', 'chat', 'talk'], page: () => import('~/features/messages/MessagesPage.svelte') },
  { path: '/c/:conference_id/messages/:conversation_id', words: ['messages', 'chat', 'talk'], page: () => import('~/features/messages/MessagesPage.svelte'), bare: true },
  { path: '/work', words: ['work'], page: () => import('~/features/volunteer/WorkPage.svelte') },
  { path: '/t/:team_id', words: ['teams', 'work', 'chat', 'talk'], page: () => import('~/features/teams/TeamPage.svelte') },
  { path: '/b/:board_id', words: ['board'], page: () => import('~/features/board/BoardPage.svelte') },
  { path: '/shared/:token', words: ['shared', 'chat'], page: () => import('~/features/board/SharedPage.svelte'), open: true },
  { path: '/s/:session_id/studio', words: ['studio', 'player'], page: () => import('~/features/studio/StudioPage.svelte'), bare: true },
  { path: '/s/:session_id/moderation', words: [], page: () => import('~/features/desk/MovedPage.svelte') },
  { path: '/s/:session_id/desk', words: ['player', 'questions', 'panels', 'audience', 'moderation', 'talk'], page: () => import('~/features/desk/DeskPage.svelte') },
  { path: '/s/:session_id/speaker', words: ['audience', 'questions'], page: () => import('~/features/audience/SpeakerPage.svelte'), bare: true },
  { path: '/s/:session_id/screen', words: ['audience', 'polls'], page: () => import('~/features/audience/ScreenPage.svelte'), bare: true },
];
