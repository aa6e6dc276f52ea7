import 'fake-indexeddb/auto';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { Api, api as theApi, ApiError } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Me, Person } from '~/net/shapes';
import { BoardStore, NEW } from './BoardStore.svelte';
import { CardStore } from './CardStore.svelte';
import { forgetAll, unsent } from '~/app/offline';
import { account } from '~/app/me.svelte';
import { readDraft, readOutbox, writeDraft, writeOutbox } from '~/features/chat/drafts';
import { wordsOf } from './did';
import { forgetKept } from './files';
import { Filter } from './Filter.svelte';
import { kept } from './kept';
import { back, counted, watched } from './own';
import { limit } from './limits';
import { sendLeft } from './left';
import type { BoardKit } from './BoardKit.svelte';
import { wordDiff } from './diff';
import { isOverdue } from './due';
import type { Board, Card, Column, Comment } from './shapes';
import { asidePlace, stepPlace } from './steps';

const card = (id: string, column: string, rank: string, version = 1, title = id): Card => ({
  ...NEW, id, board_id: 'b', column_id: column, rank, title, version, created_at: '',
});
const column = (id: string, title: string, rank: string): Column => ({
  id, title, rank, colour: null, soft_limit: null, hard_limit: null, done: false, archived: false, version: 1,
});
const BOARD: Board = {
  id: 'b', team_id: 't', title: 'لوحة', version: 1, review: false, lease_minutes: 60, archived: false, public_path: null, labels: [],
  columns: [column('done', 'تمّ', 'z'), column('todo', 'للعمل', 'a')],
  cards: [card('2', 'todo', 'n'), card('1', 'todo', 'B'), card('3', 'done', 'a')],
};

interface Asked { path: string; body: unknown; key: string; answer: (given: Card | Response | Error) => void }

class Page {
  asked: Asked[] = [];
  network = new FakeNetwork();
  /** What loading the board answers; null while there is no network. */
  rows: unknown = { position: at(3), board: BOARD };
  /** The head of its columns, told before; and the whole held back. */
  glance: unknown = null;
  slow = false;
  release = (): void => {};
  private readonly released = new Promise<void>((resolve) => (this.release = resolve));
  api = new Api((path, init) => this.fetch(String(path), init));
  store = new BoardStore('b', 'me', this.api, this.network.client);

  async open(): Promise<this> {
    await this.store.open();
    await vi.waitFor(() => expect(this.store.head).not.toBeNull());
    if (this.rows) this.network.socket.hello().subscribed('board:b', 3);
    return this;
  }

  private fetch(path: string, init?: RequestInit): Promise<Response> {
    if (path.endsWith('?first=12') && this.glance) return Promise.resolve(Response.json(this.glance));
    if (this.slow) return this.released.then(() => Response.json(this.rows));
    if (!init?.method || init.method === 'GET') return this.rows ? Promise.resolve(Response.json(this.rows)) : Promise.reject(new TypeError());
    return new Promise((resolve, reject) => {
      const key = new Headers(init.headers).get('Idempotency-Key')!;
      const answer: Asked['answer'] = (given) =>
        given instanceof Error ? reject(given) : resolve(given instanceof Response ? given : Response.json(given));
      this.asked.push({ path, key, body: JSON.parse(String(init.body)), answer });
    });
  }

  async request(count: number): Promise<Asked> {
    await vi.waitFor(() => expect(this.asked).toHaveLength(count));
    return this.asked[count - 1]!;
  }

  get drawn(): string[] {
    return this.store.lists.map(({ column, cards }) => `${column.id}: ${cards.map(({ id }) => id).join(' ')}`);
  }
}

const refusal = (code: string, more: object = {}, status = 409): Response => Response.json({ code, detail: 'لا', ...more }, { status });

beforeAll(() => language.use('ar'));
beforeEach(forgetKept);

describe('BoardStore', () => {
  it('orders columns and cards by rank, bytewise', async () => {
    expect((await new Page().open()).drawn).toEqual(['todo: 1 2', 'done: 3']);
  });

  it('shows the head of long columns until all has come', async () => {
    const page = new Page();
    const cards = Array.from({ length: 30 }, (_, number) => card(`c${number}`, 'todo', String.fromCharCode(65 + number)));
    page.rows = { position: at(3), board: { ...BOARD, cards } };
    page.glance = { position: at(3), board: { ...BOARD, cards: cards.slice(0, 12) } };
    page.slow = true;
    void page.store.open();
    await vi.waitFor(() => expect([page.store.partial, page.store.cards.size]).toEqual([true, 12]));
    page.store.loadRest();
    page.release();
    await vi.waitFor(() => expect([page.store.partial, page.store.cards.size]).toEqual([false, 30]));
  });

  it('draws what others do, and the newest version only', async () => {
    const page = await new Page().open();
    page.network.socket.publish('board:b', 4, 'card.moved', { card: card('1', 'done', 'm', 3) });
    page.network.socket.publish('board:b', 5, 'card.renamed', { card: card('1', 'todo', 'B', 2, 'old') });
    page.network.socket.publish('board:b', 6, 'card.created', { card: card('4', 'todo', 'p') });
    expect(page.drawn).toEqual(['todo: 2 4', 'done: 3 1']);
    expect([...page.store.touched]).toEqual(['1', '4']);
  });

  it('shows one’s own move at once and keeps it when the server agrees', async () => {
    const page = await new Page().open();
    const done = page.store.move('1', { column_id: 'done', before: '3' });
    expect(page.drawn).toEqual(['todo: 2', 'done: 1 3']);
    const asked = await page.request(1);
    expect(asked).toMatchObject({ path: '/api/cards/1/move', body: { column_id: 'done', before: '3' } });
    asked.answer(card('1', 'done', 'A', 2));
    expect(await done).toBe(true);
    expect(page.drawn).toEqual(['todo: 2', 'done: 1 3']);
    expect([page.store.shown('1')!.sending, page.store.queue.all]).toEqual([undefined, []]);
  });

  it('lays one’s own pending move over what others do meanwhile', async () => {
    const page = await new Page().open();
    void page.store.move('1', { column_id: 'todo', after: '2' });
    page.network.socket.publish('board:b', 4, 'card.moved', { card: card('2', 'done', 'b', 2) });
    expect(page.drawn).toEqual(['todo: 1', 'done: 3 2']);
  });

  it('tells both neighbours of a place, so that one may leave', async () => {
    const page = await new Page().open();
    page.network.socket.publish('board:b', 4, 'card.created', { card: card('4', 'done', 'b') });
    page.network.socket.publish('board:b', 5, 'card.created', { card: card('5', 'done', 'c') });
    void page.store.move('1', { column_id: 'done', before: '4' });
    expect((await page.request(1)).body).toEqual({ column_id: 'done', before: '4', after: '3' });
    page.network.socket.publish('board:b', 6, 'card.moved', { card: card('4', 'todo', 'z', 2) });
    expect(page.drawn).toEqual(['todo: 2 4', 'done: 3 1 5']);
    expect([page.store.placeOf('5'), page.store.between('2', { column_id: 'done' })]).toEqual([{ column_id: 'done', before: null, after: '1' }, { column_id: 'done' }]);
  });

  it('puts a refused change back, tells why, and sends on', async () => {
    const page = await new Page().open();
    const told: string[] = [];
    page.store.onRefused = ({ fault, title }) => told.push(`${title}: ${fault!.code} ${fault!.why}`);
    const refused = page.store.move('1', { column_id: 'done' });
    const taken = page.store.move('2', { column_id: 'done', before: '3' });
    (await page.request(1)).answer(refusal('column.full'));
    expect(await refused).toBe(false);
    (await page.request(2)).answer(card('2', 'done', 'A', 2));
    expect(await taken).toBe(true);
    expect(page.drawn).toEqual(['todo: 1', 'done: 2 3']);
    expect([told, page.store.queue.faulty.map(({ card: about }) => about)]).toEqual([['1: column.full لا'], ['1']]);
  });

  it('sets aside what was meant for a card that never came to be', async () => {
    const page = await new Page().open();
    const made = page.store.create('done', 'جديدة');
    const moved = page.store.move(made, { column_id: 'todo' });
    (await page.request(1)).answer(refusal('board.archived'));
    expect(await moved).toBe(false);
    expect([page.asked.length, page.drawn, page.store.queue.faulty.length]).toEqual([1, ['todo: 1 2', 'done: 3'], 2]);
  });

  it('writes what was written over a joined description over its base', async () => {
    const page = await new Page().open();
    void page.store.edit('1', 'description', 'mine');
    void page.store.edit('1', 'description', 'mine, longer');
    const first = await page.request(1);
    expect(first.body).toEqual({ description: { base: 0, value: 'mine' } });
    first.answer({ ...card('1', 'todo', 'B', 3), fields: { description: 2 } });
    expect((await page.request(2)).body).toEqual({ description: { base: 0, value: 'mine, longer' } });
  });

  it('writes each of several texts over one’s own before it, whether the news or the answer is first', async () => {
    const page = await new Page().open();
    void page.store.edit('1', 'title', 'a');
    const first = await page.request(1);
    const told = { ...card('1', 'todo', 'B', 2, 'a'), fields: { title: 1 } };
    page.network.socket.publish('board:b', 4, 'card.changed', { card: told });
    void page.store.edit('1', 'title', 'b');
    void page.store.edit('1', 'title', 'c');
    first.answer(told);
    const second = await page.request(2);
    second.answer({ ...card('1', 'todo', 'B', 3, 'b'), fields: { title: 2 } });
    const bodies = [first, second, await page.request(3)].map(({ body }) => body);
    expect(bodies).toEqual([{ title: { base: 0, value: 'a' } }, { title: { base: 1, value: 'b' } }, { title: { base: 2, value: 'c' } }]);
  });

  it('corrects a line of a checklist twice before it has been sent', async () => {
    const page = await new Page().open();
    const opened = new CardStore('1', page.store, { id: 'me', name: 'Me' } as Person);
    opened.rows = { description: '', items: [], comments: [], attachments: [], claims: [], reviews: [] };
    opened.addItem('line');
    opened.reword(opened.items[0]!, 'better line', 0);
    opened.reword(opened.items[0]!, 'best line', 0);
    const make = await page.request(1);
    const row = { ...opened.items[0]!, text: 'line', version: 1 };
    make.answer(row as never);
    const second = await page.request(2);
    expect(second).toMatchObject({ path: `/api/items/${make.key}`, body: { text: { base: 1, value: 'better line' } } });
    // Somebody ticked it meanwhile: no reason to clash with oneself.
    second.answer({ ...row, version: 3 } as never);
    expect((await page.request(3)).body).toEqual({ text: { base: 3, value: 'best line' } });
  });

  it('keeps both texts of a clash', async () => {
    const page = await new Page().open();
    const clash = { field: 'title', base: '1', theirs: 'هم', yours: 'أنا', version: 4, by: null };
    const done = page.store.edit('1', 'title', 'أنا');
    const over = page.store.edit('1', 'title', 'أنا ثانية');
    expect(page.store.shown('1')!.title).toBe('أنا ثانية');
    const asked = await page.request(1);
    expect(asked.body).toEqual({ title: { base: 0, value: 'أنا' } });
    asked.answer(refusal('card.clash', { clashes: [clash] }));
    expect(await Promise.all([done, over])).toEqual([false, false]);
    // The one written over the other is what its person wants.
    const told = [{ ...clash, yours: 'أنا ثانية' }];
    expect(page.store.queue.faulty.map(({ fault }) => fault!.clashes)).toEqual([told]);
    await vi.waitFor(async () => expect((await (await kept()).commands('me b')).map(({ fault }) => fault?.clashes)).toEqual([told]));
  });

  it('opens without a network as it was left, with what waits, and sends it in order with the same keys', async () => {
    const first = await new Page().open();
    const made = first.store.create('done', 'جديدة');
    void first.store.move(made, { column_id: 'todo', before: '1' });
    await first.request(1);
    first.store.close();

    const second = new Page();
    second.rows = null;
    await second.open();
    expect([second.store.stale, second.drawn]).toEqual([true, [`todo: ${made} 1 2`, 'done: 3']]);
    (await second.request(1)).answer(new TypeError('no network'));
    await vi.waitFor(() => expect(second.store.queue.stuck).toBe(true));
    second.store.queue.nudge();
    (await second.request(2)).answer(card(made, 'done', 'c', 1, 'جديدة'));
    (await second.request(3)).answer(card(made, 'todo', 'A', 2, 'جديدة'));
    await vi.waitFor(() => expect(second.store.queue.all).toEqual([]));
    expect(second.asked.map(({ key }) => key)).toEqual([made, made, expect.any(String)]);
    expect(second.drawn).toEqual([`todo: ${made} 1 2`, 'done: 3']);
    expect(await (await kept()).commands('me b')).toEqual([]);
    second.store.close();
  });

  it('sends from any page what an earlier visit left', async () => {
    const first = await new Page().open();
    first.rows = null;
    void first.store.move('1', { column_id: 'done' });
    (await first.request(1)).answer(new TypeError('no network'));
    first.store.close();
    expect(await unsent('me')).toBe(1);
    expect(await unsent('somebody')).toBe(0);

    const page = new Page();
    const stop = sendLeft('me', { api: page.api });
    const asked = await page.request(1);
    expect([asked.path, asked.key]).toEqual([first.asked[0]!.path, first.asked[0]!.key]);
    asked.answer(card('1', 'done', 'b', 2));
    await vi.waitFor(async () => expect(await unsent('me')).toBe(0));
    stop();
  });

  it('leaves no words of whoever signs out', async () => {
    const words = new Map<string, string>();
    vi.stubGlobal('localStorage', new Proxy({}, {
      ownKeys: () => [...words.keys()],
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
      get: (_, name) => ({ getItem: (key: string) => words.get(key) ?? null, setItem: (key: string, text: string) => words.set(key, text), removeItem: (key: string) => words.delete(key) })[name as 'getItem'],
    }));
    account.me = { person: { id: 'me' } } as Me;
    writeDraft('comment:1', 'half a sentence');
    writeOutbox('session:1', [{ key: 'k', text: 'hello', at: '' }]);
    localStorage.setItem('theme', 'dark');
    expect(await unsent('me')).toBe(1);
    account.me = { person: { id: 'another' } } as Me;
    expect([readDraft('comment:1'), readOutbox('session:1'), await unsent('another')]).toEqual(['', [], 0]);
    account.me = null;
    await forgetAll();
    expect([...words]).toEqual([['theme', 'dark']]);
    vi.unstubAllGlobals();
  });

  it('asks again for an opened card when the news between was lost', async () => {
    const page = await new Page().open();
    const opened = new CardStore('1', page.store, { id: 'me', name: 'Me' } as Person);
    const load = vi.spyOn(opened, 'load').mockResolvedValue();
    await opened.open();
    page.store['reset']({ position: at(9), board: BOARD }, false);
    expect(load).toHaveBeenCalledTimes(2);
    opened.close();
  });

  it('forgets the rows of a board that is no longer for these eyes', async () => {
    const first = await new Page().open();
    first.store.close();
    await vi.waitFor(async () => expect(await (await kept()).rows('me b')).not.toBeNull());
    first.store['troubled']({ passing: false } as never);
    await vi.waitFor(async () => expect(await (await kept()).rows('me b')).toBeNull());
    expect(first.store.head).toBeNull();
  });

  it('bends no limit of a column that was typed wrong', () => {
    expect(['', ' ٢٥ ', '1000'].map(limit)).toEqual([null, 25, 1000]);
    expect(['0', '1001', '٥٠٠٠', '-3', '2.5', 'many'].filter((text) => !Number.isNaN(limit(text)))).toEqual([]);
  });

  it('finds by skill, language, length and by what the server found in descriptions', () => {
    const cards = [
      { ...card('a', 'todo', 'a1'), skill: 'التَّرجمة', language: 'en', size_minutes: 60 },
      { ...card('b', 'todo', 'a2'), skill: 'ترجمه', size_minutes: 120 },
      card('c', 'todo', 'a3'),
    ];
    const seen = (wish: Partial<Filter>): string => {
      const filter = Object.assign(new Filter(), wish);
      return cards.filter((one) => filter.matches(one, 'UTC', [], new Map())).map(({ id }) => id).join('');
    };
    expect([seen({ skill: 'الترجمه' }), seen({ skill: 'ترجمه' })]).toEqual(['a', 'b']);
    expect([seen({ language: 'en' }), seen({ size: '60' }), seen({ size: '120' }), seen({ size: 'none' })]).toEqual(['a', 'a', 'ab', 'c']);
    const described = { text: 'مصطلح', ids: new Set(['c']) };
    expect([seen({ text: 'مصطلح', described }), seen({ text: 'ترجمه', described })]).toEqual(['c', 'ab']);
  });

  it('undoes what is still in this browser alone, and gives it again', async () => {
    const page = await new Page().open();
    const online = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    const { store } = page;
    const kit = { id: 'b', store, mine: { undo: 0, redo: 0 }, said: '', focus: () => {} } as unknown as BoardKit;
    store.onDone = (command) => counted(kit, command);
    void store.move('1', { column_id: 'done' });
    void store.edit('2', 'title', 'new');
    const titles = (): (string | undefined)[] => [store.shown('2')?.title, store.find('1')?.column.id];
    await back(kit, 'undo');
    expect(titles()).toEqual(['2', 'done']);
    await back(kit, 'undo');
    expect(titles()).toEqual(['2', 'todo']);
    await back(kit, 'redo');
    await back(kit, 'redo');
    expect([titles(), kit.mine!.redo, page.asked]).toEqual([['new', 'done'], 0, []]);
    await back(kit, 'undo');
    online.mockReturnValue(true);
    store.queue.nudge();
    (await page.request(1)).answer(card('1', 'done', 'b', 2));
    await vi.waitFor(() => expect(store.queue.all).toEqual([]));
    // What the server took can be undone there; what was taken back here can still be given again.
    expect(kit.mine).toMatchObject({ undo: 1, redo: 1 });
    online.mockRestore();
    store.close();
  });

  it('gives back the words of what was refused, says what it could not keep, and sends again with the same key', async () => {
    const page = await new Page().open();
    const { queue } = page.store;
    const lost = vi.spyOn(await kept(), 'put').mockRejectedValueOnce(new DOMException('full', 'QuotaExceededError'));
    const opened = new CardStore('1', page.store, { id: 'me', name: 'Me' } as Person);
    opened.say('long words', []);
    const first = await page.request(1);
    expect([...queue.unkept]).toEqual([first.key]);
    first.answer(refusal('card.archived'));
    await vi.waitFor(() => expect(queue.faulty.map(wordsOf)).toEqual(['long words']));
    expect(wordsOf({ ...queue.faulty[0]!, body: { description: { base: 1, value: 'described' } } })).toBe('described');
    await vi.waitFor(() => expect(queue.unkept.size).toBe(0));
    queue.retry(first.key);
    const again = await page.request(2);
    expect([again.key, again.body]).toEqual([first.key, first.body]);
    lost.mockRestore();
    page.store.close();
  });

  it('leaves a step that was refused, when its person presses again; and hears what it watches', async () => {
    const kit = { id: 'refused', store: { queue: { waiting: [] }, apply: () => {} }, mine: { undo: 2, redo: 0, watching: [] }, said: '', focus: () => {} } as unknown as BoardKit;
    const asked: unknown[] = [];
    const post = vi.spyOn(theApi, 'post').mockImplementation((_, body) => {
      asked.push(body);
      return asked.length === 1 ? Promise.reject(new ApiError(409, 'undo.changed_since', 'لا', {}, null, null, { step: 's' })) : Promise.resolve({ cards: [{ id: '1' }], undo: 0, redo: 1 } as never);
    });
    for (const _ of [1, 2, 3]) await back(kit, 'undo');
    expect(asked).toEqual([{}, { past: 's' }, {}]);
    for (const on of [true, true, false]) watched(kit, { name: 'card.watched', data: { card_id: on ? '1' : '2', on } });
    expect(kit.mine).toMatchObject({ undo: 0, redo: 1, watching: ['1'] });
    post.mockRestore();
  });

  it('pages back to what was said before what comes with the card', async () => {
    const page = await new Page().open();
    const said = (place: number, text = ''): Comment => ({ id: `${place}`, place, text, version: text ? 2 : 1 }) as Comment;
    const rows = { card: card('1', 'todo', 'B'), description: '', items: [], attachments: [], claims: [], reviews: [], comments: [said(5), said(6)] };
    const asked: string[] = [];
    const api = { get: (path: string) => (asked.push(path), Promise.resolve(path.includes('?') ? { comments: [said(3), said(4)] } : rows)) };
    const opened = new CardStore('1', page.store, { id: 'me', name: 'Me' } as Person, api as unknown as Api);
    const places = (): number[] => opened.comments.map(({ place }) => place);
    await opened.open();
    opened.apply({ name: 'comment.changed', data: { card: rows.card, comment: said(2, 'changed') } });
    expect([places(), opened.more]).toEqual([[5, 6], true]);
    expect(await opened.earlier()).toBe(2);
    expect(asked.at(-1)).toBe('/api/cards/1/comments?before=5');
    await opened.load(); // the news between were lost: what was paged to stays
    opened.apply({ name: 'comment.changed', data: { card: rows.card, comment: said(3, 'changed') } });
    expect([places(), opened.comments[0]!.text]).toEqual([[3, 4, 5, 6], 'changed']);
    opened.close();
  });

  it('lets a due day end where the last of its people lives', () => {
    const now = Date.parse('2026-11-22T03:00:00Z'); // still the 21st in New York
    const due = (people: string[]): Card => ({ ...card('1', 'todo', 'a'), due: { day: '2026-11-21' }, people: people.map((id) => ({ id, name: id })) as Card['people'] });
    const zones = new Map([['a', 'America/New_York'], ['r', 'Asia/Riyadh']]);
    const late = (...people: string[]): boolean => isOverdue(due(people), 'Asia/Riyadh', zones, now);
    expect([late(), late('r'), late('a'), late('a', 'r'), late('unknown')]).toEqual([true, true, false, false, true]);
  });

  it('tells what of a text became something else', () => {
    const diff = wordDiff('نجهّز القاعة صباح الجمعة ثم نطبع', 'نجهّز القاعة مساء الجمعة ثم نطبع اللافتات');
    expect(diff.map(({ of, text }) => [of, text.trim()])).toEqual([
      ['same', 'نجهّز القاعة'], ['gone', 'صباح'], ['new', 'مساء'], ['same', 'الجمعة ثم نطبع'], ['new', 'اللافتات'],
    ]);
  });

  it('knows the places one step away', async () => {
    const { store } = await new Page().open();
    expect([
      stepPlace(store, '1', -1), stepPlace(store, '1', 1), stepPlace(store, '2', -1),
      asidePlace(store, '1', 1), asidePlace(store, '2', 1), asidePlace(store, '1', -1), store.placeOf('1'), store.placeOf('2'),
    ]).toEqual([
      null, { column_id: 'todo', after: '2' }, { column_id: 'todo', before: '1' },
      { column_id: 'done', before: '3' }, { column_id: 'done' }, null, { column_id: 'todo', before: '2', after: null }, { column_id: 'todo', before: null, after: '1' },
    ]);
  });
});
