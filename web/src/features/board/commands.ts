/** A command to a board as it waits in this browser: what the server is told, and what the eye sees meanwhile. */
import type { Person } from '~/net/shapes';
import type { Change } from './changes';
import type { Editable } from './shapes';

export interface Clash { field: string; base: unknown; theirs: unknown; yours: unknown; by: Person | null; version: number; at?: string | null }

export interface Fault {
  code: string;
  /** Why, in the reader's language at that moment. */
  why: string;
  clashes: Clash[];
}

export interface Command {
  /** Idempotency key, and the id of the row it makes. */
  key: string;
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  /** What it does to the board as drawn. */
  change: Change;
  /** The card it is about and its title then, to tell of it later. */
  card: string | null;
  title: string;
  at: string;
  /** Fields of the card as they shall be. */
  edits?: Partial<Editable>;
  /** The unsent edit of the same field that it was written over. */
  after?: string;
  /** Not taken: why. It no longer changes the board, and waits for its person to look. */
  fault?: Fault;
}
