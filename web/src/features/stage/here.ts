/** A session's page as its parts know it: what is told to all, what is one's own, and which tab lies open. */
import type { MineStore } from './MineStore.svelte';
import type { SessionStore } from './SessionStore.svelte';

export interface Here {
  readonly id: string;
  readonly session: SessionStore;
  readonly mine: MineStore;
  /** Brings a tab before the visitor's eyes. */
  show(panel: string): void;
}
