/** What lies on the moderators' desk: a section each, loaded when it is first opened. One row here is all it takes. */
import type { Component } from 'svelte';
import type { Area } from '~/i18n/words.gen';
import type { PanelLabel } from '../stage/panels';
import type { MineStore, Permission } from '../stage/MineStore.svelte';
import type { QueueStore } from '../moderation/QueueStore.svelte';
import type { SessionStore } from '../stage/SessionStore.svelte';

export interface SectionProps {
  session: SessionStore;
  mine: MineStore;
  /** Before the moderator's eyes: only then do its shortcuts hold. */
  shown: boolean;
  /** What waits beside questions; the same for all sections. */
  queue: QueueStore;
  /** The moderator wants shortcuts. */
  keys: boolean;
  /** Tells the number on its tab; zero shows nothing. */
  oncount: (count: number) => void;
}

export interface Section {
  id: string;
  label: PanelLabel;
  words: readonly Area[];
  load: () => Promise<{ default: Component<SectionProps> }>;
  permission: Permission;
}

/** All are loaded with the desk, so that each can count what waits in it. */
export const sections: readonly Section[] = [
  { id: 'questions', label: 'panels.desk.questions', words: ['questions'], load: () => import('../questions/QuestionDesk.svelte'), permission: 'question.decide' },
  { id: 'held', label: 'panels.desk.held', words: ['moderation', 'talk'], load: () => import('../moderation/HeldDesk.svelte'), permission: 'chat.moderate' },
  { id: 'reports', label: 'panels.desk.reports', words: ['moderation', 'talk'], load: () => import('../moderation/ReportsDesk.svelte'), permission: 'chat.moderate' },
  { id: 'hands', label: 'panels.desk.hands', words: ['audience'], load: () => import('../audience/HandsDesk.svelte'), permission: 'hand.manage' },
  { id: 'polls', label: 'panels.desk.polls', words: ['polls'], load: () => import('../polls/PollsDesk.svelte'), permission: 'poll.manage' },
  { id: 'people', label: 'panels.desk.people', words: ['moderation', 'talk'], load: () => import('../moderation/PeopleDesk.svelte'), permission: 'person.moderate' },
];
