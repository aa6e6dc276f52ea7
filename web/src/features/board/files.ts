/** What waits in this browser for boards, seen from outside of them. */
import type { IDBPDatabase } from 'idb';
import type { Command } from './commands';
import { close, kept, NAME } from './kept';

/** Files that wait to be sent: apart, since they are large and come late. */
const FILES = 'multaqa-files';

/** Files on their way to cards, each with the person and the board it belongs to. */
export async function openFiles(): Promise<IDBPDatabase> {
  const { openDB } = await import('idb');
  return openDB(FILES, 1, {
    upgrade: (fresh) => void fresh.createObjectStore('files', { keyPath: 'key' }),
    blocking: (_, __, event) => (event.target as IDBDatabase).close(),
  });
}

/** What waits for any board or was not taken, in order. */
export async function left(): Promise<{ owner: string; command: Command }[]> {
  const { openDB } = await import('idb');
  await kept(); // it makes what is not there
  const db = await openDB(NAME, undefined, { upgrade: (_, __, ___, change) => change.abort() });
  return db.getAll('commands').finally(() => db.close());
}

/** Somebody else uses this browser from now on. */
export async function forgetKept(): Promise<void> {
  close();
  const { deleteDB } = await import('idb');
  await Promise.all([NAME, FILES].map((name) => deleteDB(name).catch(() => {})));
}
