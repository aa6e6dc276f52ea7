/** Boards as this browser keeps them, for pages that show none: what a person still has without a network. */
import { openDB } from 'idb';
import { arrange, lay, type ShownCard } from './changes';
import type { Command } from './commands';
import { kept, NAME } from './kept';
import type { Board } from './shapes';

export interface KeptBoard {
  id: string;
  title: string;
  /** When its rows were last true; null for those kept before this was written down. */
  at: number | null;
  /** Cards of this person that are not done, with what they changed since. */
  mine: ShownCard[];
}

export async function keptBoards(me: string): Promise<KeptBoard[]> {
  await kept(); // it makes what is not there
  const db = await openDB(NAME, undefined, { upgrade: (_, __, ___, change) => change.abort() });
  try {
    // Rows of boards alone begin with their person: those of cards have a word before it.
    const all = (await db.getAll('rows', IDBKeyRange.bound(`${me} `, `${me} \uffff`))) as { at?: number; board: Board }[];
    const commands = (await db.getAll('commands')) as { owner: string; command: Command }[];
    return all.filter(({ board }) => !board.archived).map(({ at, board }) => {
      const waiting = commands.filter(({ owner, command }) => owner === `${me} ${board.id}` && !command.fault).map(({ command }) => command.change);
      const cards = lay(arrange(board.columns, board.cards), waiting).flatMap((list) => list.cards);
      const has = ({ people, worker, done_at }: ShownCard): boolean => !done_at && (worker?.id === me || people.some(({ id }) => id === me));
      return { id: board.id, title: board.title, at: at ?? null, mine: cards.filter(has) };
    });
  } finally {
    db.close();
  }
}
