/** What this browser keeps of boards, in IndexedDB. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Command } from './commands';
import { NAME, type Kept } from './kept';

interface Shape extends DBSchema {
  /** By person and board, so that two people of one browser never see each other's. */
  rows: { key: string; value: unknown };
  /** In the order they were given. */
  commands: { key: number; value: { owner: string; command: Command }; indexes: { owner: string; key: string } };
}

type Database = IDBPDatabase<Shape>;

/** The browser may end a connection at any time, such as that of a phone put away: then it is opened anew. */
export class Stored implements Kept {
  readonly lasting = true;
  private db: Promise<Database> | null = null;
  /** By another tab, where somebody signed out: nothing of theirs is written here any more. */
  private deleted = false;

  connect(): Promise<Database> {
    return (this.db ??= this.opened());
  }

  private opened(): Promise<Database> {
    return openDB<Shape>(NAME, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('rows');
        const commands = fresh.createObjectStore('commands', { autoIncrement: true });
        commands.createIndex('owner', 'owner');
        commands.createIndex('key', 'command.key', { unique: true });
      },
      // Another tab deletes or upgrades: this one must not stand in its way.
      blocking: (_, next, event) => {
        this.deleted = next === null;
        (event.target as IDBDatabase).close();
      },
      terminated: () => (this.db = null),
    });
  }

  private async on<Result>(work: (db: Database) => Promise<Result>): Promise<Result> {
    const held = this.connect();
    try {
      return await work(await held);
    } catch (error) {
      if (this.deleted) throw error;
      // Once more over a new connection; what is wrong with the store itself fails again.
      if (this.db === held) this.db = null;
      return work(await this.connect());
    }
  }

  async rows<T>(name: string): Promise<T | null> {
    return ((await this.on((db) => db.get('rows', name))) as T | undefined) ?? null;
  }

  async keep(name: string, rows: unknown): Promise<void> {
    await this.on((db) => db.put('rows', rows, name));
  }

  async drop(name: string): Promise<void> {
    await this.on((db) => db.delete('rows', name));
  }

  async commands(owner: string): Promise<Command[]> {
    return (await this.on((db) => db.getAllFromIndex('commands', 'owner', owner))).map(({ command }) => command);
  }

  put(owner: string, command: Command): Promise<void> {
    return this.on(async (db) => {
      const change = db.transaction('commands', 'readwrite', { durability: 'strict' });
      const place = await change.store.index('key').getKey(command.key);
      await change.store.put({ owner, command }, place);
      await change.done;
    });
  }

  remove(key: string): Promise<void> {
    return this.on(async (db) => {
      const change = db.transaction('commands', 'readwrite');
      const place = await change.store.index('key').getKey(key);
      if (place !== undefined) await change.store.delete(place);
      await change.done;
    });
  }
}
