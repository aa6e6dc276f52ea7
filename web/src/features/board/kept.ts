/**
 * What this browser keeps of boards, in IndexedDB: the last rows of each, cards that were opened, and commands the
 * server has not yet answered. It outlives a closed tab; a browser that keeps nothing gets a memory instead.
 */
import type { DBSchema, IDBPDatabase } from 'idb';
import type { Command } from './commands';

interface Shape extends DBSchema {
  /** By person and board, so that two people of one browser never see each other's. */
  rows: { key: string; value: unknown };
  /** In the order they were given. */
  commands: { key: number; value: { owner: string; command: Command }; indexes: { owner: string; key: string } };
}

export interface Kept {
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
  return (opened ??= open().catch(() => new Memory()));
}

/** The next who asks opens it anew. */
export function close(): void {
  opened = null;
}

async function open(): Promise<Kept> {
  const { openDB } = await import('idb');
  const db = await openDB<Shape>(NAME, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('rows');
      const commands = fresh.createObjectStore('commands', { autoIncrement: true });
      commands.createIndex('owner', 'owner');
      commands.createIndex('key', 'command.key', { unique: true });
    },
    // Another tab deletes or upgrades: this one must not stand in its way.
    blocking: (_, __, event) => (event.target as IDBDatabase).close(),
  });
  return new Stored(db);
}

class Stored implements Kept {
  constructor(private readonly db: IDBPDatabase<Shape>) {}

  async rows<T>(name: string): Promise<T | null> {
    return ((await this.db.get('rows', name)) as T | undefined) ?? null;
  }

  async keep(name: string, rows: unknown): Promise<void> {
    await this.db.put('rows', rows, name);
  }

  async drop(name: string): Promise<void> {
    await this.db.delete('rows', name);
  }

  async commands(owner: string): Promise<Command[]> {
    return (await this.db.getAllFromIndex('commands', 'owner', owner)).map(({ command }) => command);
  }

  async put(owner: string, command: Command): Promise<void> {
    const change = this.db.transaction('commands', 'readwrite', { durability: 'strict' });
    const place = await change.store.index('key').getKey(command.key);
    await change.store.put({ owner, command }, place);
    await change.done;
  }

  async remove(key: string): Promise<void> {
    const change = this.db.transaction('commands', 'readwrite');
    const place = await change.store.index('key').getKey(key);
    if (place !== undefined) await change.store.delete(place);
    await change.done;
  }
}

export class Memory implements Kept {
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
