import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Api } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Message } from '~/net/shapes';
import { ChatExtras } from './ChatExtras.svelte';
import { ChatStore } from './ChatStore.svelte';
import { pieces } from './links';
import { Pages } from './pages';
import { rowsOf } from './rows';

const ME = { id: 'me', name: 'يوسف' };
const message = (id: string, more: Partial<Message> = {}): Message => ({
  id, session_id: 's', conversation_id: null, author: { id: 'amal', name: 'أمل' }, text: id, at: '2026-11-21T10:00:00Z', edited_at: null, deleted: null,
  hidden: false, state: 'shown', parent_id: null, mentions: [], signs: {}, pinned: false, version: 1, ...more,
});

interface Asked { method: string; path: string; key: string | null; body: unknown; answer: (given: Response | Error) => void }
let asked: Asked[];
let network: FakeNetwork;
let snapshot: { messages: Message[]; more: boolean };
let api: Api;
let mine: Record<string, unknown>;

beforeEach(() => {
  localStorage.clear();
  asked = [];
  network = new FakeNetwork();
  snapshot = { messages: [message('1'), message('2')], more: true };
  mine = { held: [], refused: [], signs: [], silenced: false, exempt: false, wait_s: 0 };
});

async function opened(): Promise<ChatStore> {
  api = new Api(
    (path, init) =>
      new Promise((resolve, reject) => {
        const method = init?.method ?? 'GET';
        if (String(path).endsWith('/mine')) return resolve(Response.json({ position: at(3), ...mine }));
        if (String(path).endsWith('/chat')) return resolve(Response.json({ position: at(3), ...snapshot }));
        asked.push({
          method, path: String(path), key: new Headers(init?.headers).get('Idempotency-Key'), body: init?.body ? JSON.parse(String(init.body)) : null,
          answer: (given) => (given instanceof Error ? reject(given) : resolve(given)),
        });
      }),
    () => Promise.resolve(),
  );
  const store = new ChatStore('s', ME, api, network.client);
  store.open();
  await vi.waitFor(() => expect(store.loaded && network.sockets.length).toBe(1));
  network.socket.hello().subscribed('session:s', 3);
  return store;
}
const ids = (store: ChatStore): string[] => store.messages.map(({ id }) => id);

describe('ChatStore', () => {
  it('shows what comes, once, and the newest version of it', async () => {
    const store = await opened();
    const told: string[] = [];
    store.onArrived = ({ id }) => told.push(id);
    network.socket.publish('session:s', 4, 'message.posted', { message: message('3') });
    network.socket.publish('session:s', 5, 'message.edited', { message: message('3', { text: 'b', version: 3 }) });
    network.socket.publish('session:s', 6, 'message.edited', { message: message('3', { text: 'a', version: 2 }) });
    network.socket.publish('session:s', 7, 'message.deleted', { message: message('1', { text: '', deleted: 'moderator', version: 2 }) });
    expect(ids(store)).toEqual(['1', '2', '3']);
    expect([store.messages[2]!.text, store.messages[0]!.deleted, told]).toEqual(['b', 'moderator', ['3']]);
  });

  it('keeps a message on its way until the log has it', async () => {
    const store = await opened();
    store.post('مرحبًا');
    const key = store.sending[0]!.key;
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    expect(asked[0]).toMatchObject({ method: 'POST', key, body: { text: 'مرحبًا' } });
    asked[0]!.answer(Response.json(message(key), { status: 201 }));
    await vi.waitFor(() => expect(store.sending[0]!.state).toBe('sent'));
    network.socket.publish('session:s', 4, 'message.posted', { message: message(key, { author: ME }) });
    expect([store.sending, ids(store)]).toEqual([[], ['1', '2', key]]);
    expect(localStorage.length).toBe(0);
  });

  it('offers a refused message again with the same key', async () => {
    const store = await opened();
    store.post('x');
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    asked[0]!.answer(Response.json({ code: 'not_allowed', detail: 'لا' }, { status: 403 }));
    await vi.waitFor(() => expect(store.sending[0]).toMatchObject({ state: 'failed', fault: 'لا', final: true }));
    store.sendAgain();
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[1]!.key).toBe(asked[0]!.key);
  });

  it('says after a reload what was not said, with the same key', async () => {
    const first = await opened();
    first.post('قبل الإغلاق');
    const { key } = first.sending[0]!;
    first.close();
    asked = [];
    network = new FakeNetwork();
    const second = await opened();
    await vi.waitFor(() => expect(asked[0]).toMatchObject({ key, body: { text: 'قبل الإغلاق' } }));
    expect(second.sending).toHaveLength(1);
  });

  it('forgets a message that a fresh snapshot already holds', async () => {
    localStorage.setItem('outbox: me:s', JSON.stringify([{ key: '2', text: 'x', at: '2026-11-21T10:00:00Z' }]));
    const store = await opened();
    await vi.waitFor(() => expect(store.sending).toEqual([]));
  });

  it('says after a reload only what may not have been said', async () => {
    const first = await opened();
    for (const text of ['وصلت', 'لم تصل']) first.post(text);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    const [sent, lost] = first.sending.map(({ key }) => key) as [string, string];
    asked[0]!.answer(Response.json(message(sent), { status: 201 }));
    await vi.waitFor(() => expect(first.sending[0]!.state).toBe('sent'));
    first.close();
    asked = [];
    network = new FakeNetwork();
    snapshot = { messages: [message('80')], more: true }; // fifty others came since
    const second = await opened();
    expect(second.sending.map(({ key }) => key)).toEqual([lost]);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    asked[0]!.answer(Response.json(message(lost), { status: 201 })); // the first answer, once more
    await vi.waitFor(() => expect(second.sending).toEqual([]));
    expect(localStorage.length).toBe(0);
  });

  it('begins anew where a gap would be', async () => {
    const store = await opened();
    snapshot = { messages: [message('80'), message('81')], more: true };
    network.socket.drop(1012, 'retry=0-0');
    await vi.waitFor(() => expect(network.sockets).toHaveLength(2));
    network.socket.hello().subscribed('session:s', 90, [], false);
    await vi.waitFor(() => expect(ids(store)).toEqual(['80', '81']));
  });
});

describe('Pages', () => {
  const page = (messages: Message[], more: { more?: boolean; newer?: boolean } = {}): Response => Response.json({ messages, more: false, quoted: [], ...more });
  const reader = { place: (): string | null => null, toPlace: vi.fn() };

  it('pages back once at a time', async () => {
    const store = await opened();
    const pages = new Pages(store, reader, api);
    const both = [pages.older(), pages.older()];
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    asked[0]!.answer(page([message('-1'), message('0')]));
    await Promise.all(both);
    expect([ids(store), store.more, asked.length]).toEqual([['-1', '0', '1', '2'], false, 1]);
  });

  it('loses nothing that was told while a page was on its way', async () => {
    const store = await opened();
    const pages = new Pages(store, reader, api);
    const told: string[] = [];
    store.onArrived = ({ id }) => told.push(id);
    const there = pages.go('-9');
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    asked[0]!.answer(page([message('-9')], { newer: true }));
    await there;
    expect([ids(store), store.apart]).toEqual([['-9'], true]);
    const back = pages.go(null);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    network.socket.publish('session:s', 4, 'message.posted', { message: message('3') });
    network.socket.publish('session:s', 5, 'message.posted', { message: message('4') });
    network.socket.publish('session:s', 6, 'message.deleted', { message: message('2', { text: '', deleted: 'moderator', version: 2 }) });
    asked[1]!.answer(page([message('1'), message('2'), message('3')])); // as it stood before the last two
    await back;
    expect([ids(store), store.messages[1]!.deleted, store.apart, told]).toEqual([['1', '2', '3', '4'], 'moderator', false, ['3', '4']]);
  });

  it('keeps the place of who reads further up when history was lost, with true words', async () => {
    const store = await opened();
    new Pages(store, { ...reader, place: () => '1' }, api);
    snapshot = { messages: [message('80'), message('81')], more: true };
    network.socket.drop(1012, 'retry=0-0');
    await vi.waitFor(() => expect(network.sockets).toHaveLength(2));
    network.socket.hello().subscribed('session:s', 90, [], false);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    expect(asked[0]!.path).toContain('around=1&');
    asked[0]!.answer(page([message('1', { text: '', deleted: 'author', version: 2 })], { newer: true }));
    await vi.waitFor(() => expect(store.messages.map(({ deleted }) => deleted)).toEqual(['author']));
    expect([store.apart, reader.toPlace.mock.calls]).toEqual([true, [['1']]]);
  });
});

describe('rows', () => {
  it('has a line for each day of the reader and one head for one go', () => {
    const list = [
      message('a', { at: '2026-11-20T20:59:00Z' }), message('b', { at: '2026-11-20T21:01:00Z' }),
      message('c', { at: '2026-11-20T21:02:00Z' }), message('d', { at: '2026-11-20T21:03:00Z', author: ME }),
    ];
    const sending = [{ key: 'e', text: 'e', at: '2026-11-20T21:04:00Z', state: 'sending' as const, fault: null }];
    expect(rowsOf(list, sending, ME, 'Asia/Riyadh').map((row) => (row.kind === 'day' || row.kind === 'new' ? row.key : `${row.key} ${row.head}`))).toEqual([
      'day 2026-11-20', 'a true', 'day 2026-11-21', 'b true', 'c false', 'd true', 'e false',
    ]);
  });
});

describe('links', () => {
  it.each([
    ['انظر https://example.org/a?b=1، ثم', ['انظر ', '>https://example.org/a?b=1', '، ثم']],
    ['(https://example.org).', ['(', '>https://example.org', ').']],
    ['https://ar.wikipedia.org/wiki/x_(y).', ['>https://ar.wikipedia.org/wiki/x_(y)', '.']],
    ['javascript:alert(1) ftp://x.org', ['javascript:alert(1) ftp://x.org']],
    ['http://', ['http://']],
  ])('%s', (text, expected) => {
    expect(pieces(text).map(({ text: shown, href }) => (href ? `>${href}` : shown))).toEqual(expected);
  });
});

describe('ChatExtras', () => {
  async function with_(store: ChatStore): Promise<ChatExtras> {
    const extras = new ChatExtras(store, api, network.client);
    extras.open();
    await vi.waitFor(() => expect(extras.exempt).toBe(false));
    return extras;
  }

  it('makes nobody wait for words that were not taken, nor longer than slow mode asks for', async () => {
    const store = await opened();
    const extras = await with_(store);
    const rules = (slow_s: number): void => store.apply({ name: 'rules.changed', data: { rules: { slow_s } } });
    rules(60);
    store.post('رابط');
    store.post('مرحبًا');
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    asked[0]!.answer(Response.json({ code: 'links.off', detail: 'لا' }, { status: 403 }));
    await vi.waitFor(() => expect(store.sending[0]!.state).toBe('failed'));
    expect(extras.waitS).toBe(0);
    asked[1]!.answer(Response.json(message(store.sending[1]!.key), { status: 201 }));
    await vi.waitFor(() => expect(extras.waitS).toBe(60));
    rules(5);
    expect(extras.waitS).toBe(5);
    rules(0);
    expect(extras.waitS).toBe(0);
    extras.close();
  });

  it('shows what a moderator refused, until its writer gives it up, and sends it no more', async () => {
    mine = { ...mine, refused: [{ reason: 'all', message: message('7', { author: ME }) }] };
    const store = await opened();
    store.put({ key: '6', text: 'x', at: '2026-11-21T10:00:00Z', state: 'held', fault: null }); // let through while nobody listened
    const extras = await with_(store);
    expect(store.sending.map(({ key, state }) => [key, state])).toEqual([['7', 'refused']]);
    store.sendAgain();
    expect([store.sending[0]!.state, asked, localStorage.length]).toEqual(['refused', [], 0]);
    extras.apply({ name: 'message.settled', data: { session_id: 's', message_id: '7', state: 'withdrawn' } });
    expect(store.sending).toEqual([]);
    extras.close();
  });
});
