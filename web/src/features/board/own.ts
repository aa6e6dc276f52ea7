/** One's own side of a board: what one may and watches, and one's last steps. Not needed to begin. */
import { listed } from '~/i18n/listed';
import { t } from '~/i18n/t.svelte';
import { api, ApiError, sentence } from '~/net/api';
import { live } from '~/net/client.svelte';
import { newKey } from '~/net/keys';
import { follow } from '~/net/live';
import type { Member, Person, Position, Publication } from '~/net/shapes';
import { toasts } from '~/ui/toasts.svelte';
import { tick, untrack } from 'svelte';
import type { BoardKit } from './BoardKit.svelte';
import type { Place } from './changes';
import { focusColumn } from './columns';
import type { Command } from './commands';
import type { Zones } from './due';
import { kept } from './kept';
import type { BoardMine, Card, CardRows } from './shapes';
import { zonesOf } from './zones';

/** The board's own loading comes first. */
const RESTED_MS = 3_000;
const MOST_KEPT = 20;
/** As many as the server undoes. */
const MOST_STEPS = 50;

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

/** What one may, watches and can undo, live: doing something with a card is watching it, too. */
function followMine(kit: BoardKit): Promise<BoardMine> {
  return new Promise((resolve, reject) => {
    kit.own?.close();
    kit.own = follow<BoardMine & { position: Position }>(live, {
      channel: `person:${kit.me}`,
      load: (signal) => api.get(`/api/boards/${kit.id}/mine`, { signal }),
      reset: (mine) => {
        kit.mine = { ...mine, redo: mine.redo + (withdrawn.get(kit.id)?.length ?? 0) };
        resolve(mine);
      },
      publication: (fact) => watched(kit, fact),
      trouble: (error) => error && reject(error),
    });
  });
}

export function watched(kit: BoardKit, { name, data }: Pick<Publication, 'name' | 'data'>): void {
  if (name !== 'card.watched' || !kit.mine) return;
  const { card_id, on } = data as { card_id: string; on: boolean };
  const others = kit.mine.watching.filter((id) => id !== card_id);
  kit.mine = { ...kit.mine, watching: on ? [...others, card_id] : others };
}

/** What differs per person, and the team; kept for when there is no network. */
export async function loadOwn(kit: BoardKit, team: string): Promise<void> {
  const place = `more ${kit.me} ${kit.id}`;
  const following = untrack(() => followMine(kit));
  following.catch(() => {}); // it may end while the store opens
  const store = await kept();
  type Own = { mine: BoardMine; members: Person[]; zones?: Zones };
  const take = ({ mine, members, zones }: Own): void => {
    kit.mine ??= mine; // what is followed is newer
    kit.members = members;
    kit.zones = new Map([...(zones ?? []), [kit.me, kit.zone]]);
  };
  try {
    const [mine, { team: { members } }, zones] = await Promise.all([
      following, api.get<{ team: { members: Member[] } }>(`/api/teams/${team}`),
      zonesOf(team).catch((): Zones => new Map()),
    ]);
    const own = { mine, members: members.map(({ person }) => person), zones };
    take(own);
    await store.keep(place, own);
    setTimeout(() => keepMine(kit).catch(() => {}), RESTED_MS);
  } catch {
    const own = await store.rows<Own>(place);
    if (own && kit.members.length === 0) take(own);
  }
}

/** Who is here, for fingers that cannot hover. */
export function faces(kit: BoardKit): void {
  toasts.say(t('board.here', { names: listed(kit.company.all.map(({ name }) => name)) }));
}

/** Puts a card away; the toast brings it back to where it stood. The focus goes to its neighbour in sight. */
export function archive(kit: BoardKit, card: Card): void {
  const place = kit.store.placeOf(card.id);
  const beside = kit.store.find(card.id)?.cards.filter((one) => one.id === card.id || kit.inSight(one)) ?? [];
  const at = beside.findIndex(({ id }) => id === card.id);
  const next = beside[at + 1] ?? beside[at - 1];
  if (kit.opened === card.id) kit.show(null);
  void kit.store.about(card.id, 'POST', '/archive', { on: true }, { do: 'take', card: card.id });
  kit.said = t('board.archived', { card: card.title });
  toasts.say(kit.said, { label: t('core.undo'), run: () => restore(kit, card, place) });
  if (next) void tick().then(() => kit.focus(next.id));
  else focusColumn(place?.column_id);
}

/** From the archive: to where it stood, when that is known, or to the end of its column. */
export function restore(kit: BoardKit, card: Card, place: Place | null = null): void {
  const { before = null, after = null } = place ?? {};
  const change = { do: 'make' as const, row: { ...card, archived: false }, place: place ?? { column_id: card.column_id } };
  void kit.store.command({ method: 'POST', path: `/api/cards/${card.id}/archive`, body: { on: false, before, after }, change, card: card.id, title: card.title });
  if (!kit.opened) void tick().then(() => kit.focus(card.id));
}

export function label(kit: BoardKit, card: string, id: string, on: boolean): void {
  void kit.store.about(card, 'POST', '/labels', { label_id: id, on }, { do: 'label', card, id, on });
}

export function assign(kit: BoardKit, card: string, person: Person, on: boolean): void {
  void kit.store.about(card, 'POST', '/people', { person_id: person.id, on }, { do: 'person', card, person, on });
}

/** Taken back before they were sent, by board: given again with their keys, as long as nothing else was done. */
const withdrawn = new Map<string, { command: Command; at: string }[]>();

/** What can be taken back while it is here: comments and labels of the board cannot. */
const isStep = ({ change }: Command): boolean => change.do !== 'other' && !(change.do === 'within' && change.part.of === 'comment');

/** What the server's history counts as a step of its person: what changed a card, but for work on it. */
function isInHistory({ change, path }: Command): boolean {
  if (change.do === 'within') return change.part.of === 'description' || (change.part.of === 'item' && !('move' in change.part));
  if (change.do === 'other') return path.endsWith('/card');
  return !change.do.startsWith('column.') && !path.endsWith('/work');
}

/** The server has taken it. It can be undone, and ends what could be done again: but for what was taken back after it was given. */
export function counted(kit: BoardKit, command: Command): void {
  if (!kit.mine || !isInHistory(command)) return;
  const still = (withdrawn.get(kit.id) ?? []).filter(({ at }) => at > command.at);
  withdrawn.set(kit.id, still);
  kit.mine = { ...kit.mine, undo: Math.min(MOST_STEPS, kit.mine.undo + 1), redo: still.length };
}

/** Drops the last step while it is in this browser alone. False when there is none, or the server may have it. */
async function withdraw(kit: BoardKit): Promise<boolean> {
  const { queue } = kit.store;
  const at = queue.waiting.findLastIndex(isStep);
  const last = queue.waiting[at];
  if (!last || last.key === queue.tried) return false;
  if (queue.waiting.slice(at + 1).some(({ card, path }) => card === last.key || path.includes(last.key))) return false;
  queue.dismiss(last.key);
  withdrawn.set(kit.id, [...(withdrawn.get(kit.id) ?? []), { command: last, at: new Date().toISOString() }]);
  if (kit.mine) kit.mine = { ...kit.mine, redo: kit.mine.redo + 1 };
  await told(kit, 'undo', last.card);
  return true;
}

async function giveAgain(kit: BoardKit): Promise<boolean> {
  const stack = withdrawn.get(kit.id) ?? [];
  const last = stack.at(-1);
  if (!last) return false;
  withdrawn.delete(kit.id);
  if (kit.store.queue.waiting.some((one) => isStep(one) && one.at > last.at)) return false;
  void kit.store.queue.add(last.command);
  withdrawn.set(kit.id, stack.slice(0, -1));
  if (kit.mine) kit.mine = { ...kit.mine, redo: kit.mine.redo - 1 };
  await told(kit, 'redo', last.command.card);
  return true;
}

async function told(kit: BoardKit, way: 'undo' | 'redo', card: string | null | undefined): Promise<void> {
  kit.said = t(way === 'undo' ? 'board.undo.done' : 'board.redo.done');
  toasts.say(kit.said);
  await tick();
  if (card) kit.focus(card);
}

/** Steps that were refused, by way and board: who has been told why can leave them. */
const refused = new Map<string, string>();

/** One's own last step on this board, by the server's memory: over reloads and devices. */
export async function back(kit: BoardKit, way: 'undo' | 'redo'): Promise<void> {
  if (way === 'undo' ? await withdraw(kit) : await giveAgain(kit)) return;
  if (kit.store.queue.waiting.length > 0 || !navigator.onLine) {
    toasts.say(t(kit.store.queue.waiting.length > 0 ? 'board.undo.waiting' : 'board.undo.offline'));
    return;
  }
  try {
    const past = refused.get(`${way} ${kit.id}`);
    const { cards, undo, redo } = await api.post<{ cards: Card[]; undo: number; redo: number }>(`/api/boards/${kit.id}/${way}`, past ? { past } : {}, { key: newKey() });
    refused.delete(`${way} ${kit.id}`);
    for (const card of cards) kit.store.apply({ name: 'card.changed', data: { card } });
    if (kit.mine) kit.mine = { ...kit.mine, undo, redo };
    if (cards.length > 0) await told(kit, way, cards[0]!.id);
    else toasts.say(t('card.undo.none'));
  } catch (error) {
    const step = error instanceof ApiError ? error.details.step : null;
    if (typeof step !== 'string') return toasts.fault(error);
    // It stays as it is: the next press, or this one, goes on with the step before.
    refused.set(`${way} ${kit.id}`, step);
    toasts.say(sentence(error), { label: t(way === 'undo' ? 'card.undo.past' : 'card.redo.past'), run: () => void back(kit, way) });
  }
}
