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

/** What a command makes of a text, and the version that it writes over; none when it does not write this one. */
export function written({ body }: Command, field: string): { base?: number; value?: unknown } | undefined {
  return (body as Partial<Record<string, { base?: number }>> | undefined)?.[field];
}

/**
 * A waiting command over what the server made of an earlier one: its text was written over that one's, so it
 * knows what the server says now. Where the server joined a description with somebody else's, it knows no more
 * of theirs than the earlier one did. The same command when it does not hang on the other.
 */
export function over(command: Command, earlier: Command, answer: unknown): Command {
  if (command.after !== earlier.key && command.path !== `/api/items/${earlier.key}`) return command;
  const row = answer as { version?: number; fields?: Record<string, number> } | undefined;
  const body = { ...(command.body as object) } as Record<string, { base?: number } | null>;
  for (const field in body) {
    const told = row?.fields ? row.fields[field] : row?.version;
    if (body[field]?.base === undefined || told === undefined) continue;
    const known = field === 'description' ? written(earlier, field)!.base! : told;
    body[field] = { ...body[field], base: told > known + 1 ? known : told };
  }
  return { ...command, body };
}
