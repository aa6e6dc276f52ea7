/** The one address whose first load must be small: the stage. All others stand in `routes.ts`, in the same form. */
import type { Route } from './routes';

export const first: readonly Route[] = [
  { path: '/s/:session_id', words: ['stage', 'chat'], page: () => import('~/features/stage/StagePage.svelte'), bare: true },
];
