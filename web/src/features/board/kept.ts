/**
 * What this browser keeps of boards, in IndexedDB: the last rows of each, cards that were opened, and commands the
 * server has not yet answered. It outlives a closed tab; a browser that keeps nothing gets a memory instead.
 */
import type { Command } from './commands';

export interface Kept {
  /** It outlives the page. */
  readonly lasting: boolean;
  rows<T>(name: string): Promise<T | null>;
  keep(name: string, rows: unknown): Promise<void>;
  drop(name: string): Promise<void>;
  commands(owner: string): Promise<Command[]>;
  /** Adds it at the end, or changes the one with its key. */
  put(owner: string, command: Command): Promise<void>;
  remove(key: string): Promise<void>;
}

export const NAME = 'multaqa-boards';
let opened: Promise<Kept> | null = null;

export function kept(): Promise<Kept> {
  // What failed once, such as loading its code over a weak line, is tried once more.
  return (opened ??= open().catch(open).catch(() => new Memory()));
}

/** The next who asks opens it anew. */
export function close(): void {
  opened = null;
}

async function open(): Promise<Kept> {
  const { Stored } = await import('./Stored');
  const stored = new Stored();
  await stored.connect();
  return stored;
}

export class Memory implements Kept {
  readonly lasting = false;
  private readonly all = new Map<string, unknown>();
  private list: { owner: string; command: Command }[] = [];

  rows<T>(name: string): Promise<T | null> {
    return Promise.resolve((this.all.get(name) as T | undefined) ?? null);
  }
  keep(name: string, rows: unknown): Promise<void> {
    this.all.set(name, structuredClone(rows));
    return Promise.resolve();
  }
  drop(name: string): Promise<void> {
    this.all.delete(name);
    return Promise.resolve();
  }
  commands(owner: string): Promise<Command[]> {
    return Promise.resolve(this.list.filter((one) => one.owner === owner).map(({ command }) => structuredClone(command)));
  }
  put(owner: string, command: Command): Promise<void> {
    const own = { owner, command: structuredClone(command) };
    const at = this.list.findIndex((one) => one.command.key === command.key);
    if (at < 0) this.list.push(own);
    else this.list[at] = own;
    return Promise.resolve();
  }
  remove(key: string): Promise<void> {
    this.list = this.list.filter(({ command }) => command.key !== key);
    return Promise.resolve();
  }
}
