import { describe, expect, it, vi } from 'vitest';
import { Api, ApiError } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Board, Card, Column } from '~/net/shapes';
import { BoardStore } from './BoardStore.svelte';

const card = (id: string, column: string, rank: string, version = 1, title = id): Card => ({
  id, board_id: 'b', column_id: column, rank, title, version,
  number: 1, described: false, labels: [], people: [], start_day: null, due: null, size_minutes: null, skill: '', language: '',
  seats: null, cover: null, source: null, links: [], items: 0, items_done: 0, comments: 0, attachments: 0, state: 'open',
  worker: null, lease_until: null, done_at: null, archived: false, created_at: '2027-01-01T00:00:00Z', fields: {},
});
const column = (id: string, title: string, rank: string): Column => ({
  id, title, rank, colour: null, soft_limit: null, hard_limit: null, done: false, archived: false, version: 1,
});
const BOARD: Board = {
  id: 'b', team_id: 't', title: 'لوحة', version: 1, review: false, lease_minutes: 60, archived: false, public_path: null, labels: [],
  columns: [column('done', 'تمّ', 'z'), column('todo', 'للعمل', 'a')],
  cards: [card('2', 'todo', 'n'), card('1', 'todo', 'B'), card('3', 'done', 'a')],
};

interface Asked { path: string; body: unknown; key: string; answer: (card: Card | Error) => void }

async function opened(): Promise<{ store: BoardStore; asked: Asked[]; network: FakeNetwork }> {
  const asked: Asked[] = [];
  const api = new Api(
    (path, init) =>
      new Promise((resolve, reject) => {
        if (!init?.method || init.method === 'GET') return resolve(Response.json({ position: at(3), board: BOARD }));
        asked.push({
          path: String(path), body: JSON.parse(String(init.body)), key: new Headers(init.headers).get('Idempotency-Key')!,
          answer: (given) => (given instanceof Error ? reject(given) : resolve(Response.json(given))),
        });
      }),
  );
  const network = new FakeNetwork();
  const store = new BoardStore('b', api, network.client);
  store.open();
  await vi.waitFor(() => expect(store.board).not.toBeNull());
  network.socket.hello().subscribed('board:b', 3);
  return { store, asked, network };
}

const drawn = (store: BoardStore): string[] => store.lists.map(({ column, cards }) => `${column.id}: ${cards.map(({ id }) => id).join(' ')}`);

describe('BoardStore', () => {
  it('orders columns and cards by rank, bytewise', async () => {
    const { store } = await opened();
    expect(drawn(store)).toEqual(['todo: 1 2', 'done: 3']);
  });

  it('draws what others do, and the newest version only', async () => {
    const { store, network } = await opened();
    network.socket.publish('board:b', 4, 'card.moved', { card: card('1', 'done', 'm', 3) });
    network.socket.publish('board:b', 5, 'card.renamed', { card: card('1', 'todo', 'B', 2, 'old') });
    network.socket.publish('board:b', 6, 'card.created', { card: card('4', 'todo', 'p') });
    expect(drawn(store)).toEqual(['todo: 2 4', 'done: 3 1']);
    expect([...store.touched]).toEqual(['1', '4']);
  });

  it('shows one’s own move at once and keeps it when the server agrees', async () => {
    const { store, asked } = await opened();
    const done = store.move('1', { column_id: 'done', before: '3' });
    expect(drawn(store)).toEqual(['todo: 2', 'done: 1 3']);
    expect(asked[0]).toMatchObject({ path: '/api/cards/1/move', body: { column_id: 'done', before: '3' } });
    asked[0]!.answer(card('1', 'done', 'A', 2));
    await done;
    expect(drawn(store)).toEqual(['todo: 2', 'done: 1 3']);
    expect(store.find('1')!.cards[0]!.sending).toBe(false);
  });

  it('lays one’s own pending move over what others do meanwhile', async () => {
    const { store, network } = await opened();
    void store.move('1', { column_id: 'todo', after: '2' });
    network.socket.publish('board:b', 4, 'card.moved', { card: card('2', 'done', 'b', 2) });
    expect(drawn(store)).toEqual(['todo: 1', 'done: 3 2']);
  });

  it('puts a refused move back and tells why', async () => {
    const { store, asked } = await opened();
    const done = store.move('1', { column_id: 'done' });
    asked[0]!.answer(card('0', '', ''));
    await done;
    expect(drawn(store)).toEqual(['todo: 1 2', 'done: 3']);
  });

  it('shows a new card at once under the id it will have', async () => {
    const { store, asked } = await opened();
    const done = store.create('done', 'جديدة');
    const { key } = asked[0]!;
    expect(drawn(store)).toEqual(['todo: 1 2', `done: 3 ${key}`]);
    asked[0]!.answer(card(key, 'done', 'c', 1, 'جديدة'));
    await done;
    expect(drawn(store)).toEqual(['todo: 1 2', `done: 3 ${key}`]);
  });

  it('shows a new title at once and the old one again when refused', async () => {
    const { store } = await opened();
    const refusing = new BoardStore('b', new Api(() => Promise.resolve(Response.json({ code: 'not_allowed', detail: 'لا' }, { status: 403 }))));
    Object.assign(refusing, { cards: new Map(BOARD.cards.map((row) => [row.id, row])), board: BOARD });
    const done = refusing.rename('1', 'أخرى');
    expect(refusing.find('1')!.cards[0]!.title).toBe('أخرى');
    await expect(done).rejects.toBeInstanceOf(ApiError);
    expect(refusing.find('1')!.cards[0]!.title).toBe('1');
    store.close();
  });

  it('knows the places one step away', async () => {
    const { store } = await opened();
    expect([
      store.stepPlace('1', -1), store.stepPlace('1', 1), store.stepPlace('2', -1),
      store.asidePlace('1', 1), store.asidePlace('2', 1), store.asidePlace('1', -1), store.placeOf('1'), store.placeOf('2'),
    ]).toEqual([
      null, { column_id: 'todo', after: '2' }, { column_id: 'todo', before: '1' },
      { column_id: 'done', before: '3' }, { column_id: 'done' }, null, { column_id: 'todo', before: '2' }, { column_id: 'todo' },
    ]);
  });
});
