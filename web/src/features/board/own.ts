/** One's own side of a board: what one may and watches, and one's last steps. Not needed to begin. */
import { t } from '~/i18n/t.svelte';
import { api } from '~/net/api';
import { newKey } from '~/net/keys';
import type { Member, Person } from '~/net/shapes';
import { toasts } from '~/ui/toasts.svelte';
import { tick } from 'svelte';
import type { BoardKit } from './BoardKit.svelte';
import { kept } from './kept';
import type { BoardMine, Card } from './shapes';

/** What differs per person, and the team; kept for when there is no network. */
export async function loadOwn(kit: BoardKit, team: string): Promise<void> {
  const place = `more ${kit.me} ${kit.id}`;
  const store = await kept();
  type Own = { mine: BoardMine; members: Person[] };
  const take = ({ mine, members }: Own): void => {
    kit.mine = mine;
    kit.members = members;
  };
  try {
    const [mine, { team: { members } }] = await Promise.all([
      api.get<BoardMine>(`/api/boards/${kit.id}/mine`), api.get<{ team: { members: Member[] } }>(`/api/teams/${team}`),
    ]);
    const own = { mine, members: members.map(({ person }) => person) };
    take(own);
    await store.keep(place, own);
  } catch {
    const own = await store.rows<Own>(place);
    if (own && !kit.mine) take(own);
  }
}

/** One's own last step on this board, by the server's memory: over reloads and devices. */
export async function back(kit: BoardKit, way: 'undo' | 'redo'): Promise<void> {
  if (kit.store.queue.waiting.length > 0) {
    toasts.say(t('board.undo.waiting'));
    return;
  }
  try {
    const { cards, undo, redo } = await api.post<{ cards: Card[]; undo: number; redo: number }>(`/api/boards/${kit.id}/${way}`, {}, { key: newKey() });
    for (const card of cards) kit.store.apply({ name: 'card.changed', data: { card } });
    if (kit.mine) kit.mine = { ...kit.mine, undo, redo };
    kit.said = t(way === 'undo' ? 'board.undo.done' : 'board.redo.done');
    toasts.say(kit.said);
    await tick();
    if (cards[0]) kit.focus(cards[0].id);
  } catch (error) {
    toasts.fault(error);
  }
}
