/** One's own side of a board: what one may and watches, and one's last steps. Not needed to begin. */
import { t } from '~/i18n/t.svelte';
import { api } from '~/net/api';
import { newKey } from '~/net/keys';
import type { Member, Person } from '~/net/shapes';
import { toasts } from '~/ui/toasts.svelte';
import { tick } from 'svelte';
import type { BoardKit } from './BoardKit.svelte';
import type { Zones } from './due';
import { kept } from './kept';
import type { BoardMine, Card, CardRows } from './shapes';
import { zonesOf } from './zones';

/** The board's own loading comes first. */
const RESTED_MS = 3_000;
const MOST_KEPT = 20;

/** One's own cards, whole: without a network they open like those that were looked at before. */
async function keepMine({ me, store }: BoardKit): Promise<void> {
  const mine = [...store.cards.values()].filter(({ people, done_at }) => !done_at && people.some(({ id }) => id === me));
  const rows = await kept();
  for (const { id, version } of mine.slice(0, MOST_KEPT)) {
    const place = `card ${me} ${id}`;
    const old = await rows.rows<CardRows>(place);
    if (!old || old.card.version < version) await rows.keep(place, await api.get<CardRows>(`/api/cards/${id}`));
  }
}

/** What differs per person, and the team; kept for when there is no network. */
export async function loadOwn(kit: BoardKit, team: string): Promise<void> {
  const place = `more ${kit.me} ${kit.id}`;
  const store = await kept();
  type Own = { mine: BoardMine; members: Person[]; zones?: Zones };
  const take = ({ mine, members, zones }: Own): void => {
    kit.mine = mine;
    kit.members = members;
    kit.zones = new Map([...(zones ?? []), [kit.me, kit.zone]]);
  };
  try {
    const [mine, { team: { members } }, zones] = await Promise.all([
      api.get<BoardMine>(`/api/boards/${kit.id}/mine`), api.get<{ team: { members: Member[] } }>(`/api/teams/${team}`),
      zonesOf(team).catch((): Zones => new Map()),
    ]);
    const own = { mine, members: members.map(({ person }) => person), zones };
    take(own);
    await store.keep(place, own);
    setTimeout(() => keepMine(kit).catch(() => {}), RESTED_MS);
  } catch {
    const own = await store.rows<Own>(place);
    if (own && !kit.mine) take(own);
  }
}

export function archive(kit: BoardKit, card: Card): void {
  if (kit.opened === card.id) kit.show(null);
  void kit.counted(kit.store.about(card.id, 'POST', '/archive', { on: true }, { do: 'take', card: card.id }));
  kit.said = t('board.archived', { card: card.title });
  toasts.say(kit.said, { label: t('core.undo'), run: () => restore(kit, card) });
}

export function restore(kit: BoardKit, card: Card): void {
  const change = { do: 'make' as const, row: { ...card, archived: false }, place: { column_id: card.column_id } };
  void kit.counted(kit.store.command({ method: 'POST', path: `/api/cards/${card.id}/archive`, body: { on: false }, change, card: card.id, title: card.title }));
}

export function label(kit: BoardKit, card: string, id: string, on: boolean): void {
  void kit.counted(kit.store.about(card, 'POST', '/labels', { label_id: id, on }, { do: 'label', card, id, on }));
}

export function assign(kit: BoardKit, card: string, person: Person, on: boolean): void {
  void kit.counted(kit.store.about(card, 'POST', '/people', { person_id: person.id, on }, { do: 'person', card, person, on }));
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
