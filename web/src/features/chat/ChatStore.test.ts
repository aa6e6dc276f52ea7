import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Api } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Message } from '~/net/shapes';
import { ChatExtras } from './ChatExtras.svelte';
import { ChatStore } from './ChatStore.svelte';
import { pieces } from './links';
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

beforeEach(() => {
  localStorage.clear();
  asked = [];
  network = new FakeNetwork();
  snapshot = { messages: [message('1'), message('2')], more: true };
});

async function opened(): Promise<ChatStore> {
  const api = new Api(
    (path, init) =>
      new Promise((resolve, reject) => {
        const method = init?.method ?? 'GET';
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
    await vi.waitFor(() => expect(store.sending[0]).toMatchObject({ state: 'failed', fault: 'لا', refused: true }));
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

  it('pages back once at a time and keeps older pages when a fresh snapshot joins', async () => {
    const store = await opened();
    const pages = [store.pageBack(), store.pageBack()];
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    asked[0]!.answer(Response.json({ messages: [message('-1'), message('0')], more: false }));
    await Promise.all(pages);
    expect([ids(store), store.more]).toEqual([['-1', '0', '1', '2'], false]);
    snapshot = { messages: [message('2'), message('5')], more: true };
    network.socket.drop(1012, 'retry=0-0');
    await vi.waitFor(() => expect(network.sockets).toHaveLength(2));
    network.socket.hello().subscribed('session:s', 90, [], false);
    await vi.waitFor(() => expect(ids(store)).toEqual(['-1', '0', '1', '2', '5']));
    expect(store.more).toBe(false);
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
  it('lets go on at once whom slow mode no longer holds', async () => {
    const store = await opened();
    const extras = new ChatExtras(store);
    const rules = (slow_s: number): void => store.apply({ name: 'rules.changed', data: { rules: { slow_s } } });
    extras.exempt = false;
    rules(60);
    extras.spoke();
    expect(extras.waitS).toBe(60);
    rules(5);
    expect(extras.waitS).toBe(5);
    rules(0);
    expect(extras.waitS).toBe(0);
    extras.close();
  });
});
