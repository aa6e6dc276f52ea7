import { beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { Api } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Question } from '~/net/shapes';
import { MineStore } from '../stage/MineStore.svelte';
import { DeskStore } from './DeskStore.svelte';
import { arranged, ordered } from './order';
import { QuestionsStore } from './QuestionsStore.svelte';

const question = (id: string, more: Partial<Question> = {}): Question => ({
  id, session_id: 's', asker: null, text: id, at: `2026-11-21T10:00:0${id.length}Z`, state: 'approved', votes: 0, version: 1,
  anonymous: false, answer: null, pinned: false, assigned: null, merged: [], merged_into: null, message_id: null, edited_at: null, ...more,
});
const mine = (): MineStore => new MineStore('s', 'me', new Api(), new FakeNetwork().client);

interface Asked { method: string; path: string; body: unknown; answer: (given: unknown, status?: number) => void }
let asked: Asked[];
let network: FakeNetwork;
let rows: Question[];
let likely: { id: string; like: string[] }[] = [];
beforeAll(() => language.use('en'));
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  network = new FakeNetwork();
});
afterEach(() => vi.useRealTimers());

function api(): Api {
  return new Api((path, init) => {
    const method = init?.method ?? 'GET';
    if (method === 'GET') return Promise.resolve(Response.json(String(path).endsWith('/duplicates') ? { questions: likely } : { position: at(1), questions: rows }));
    return new Promise((resolve) => {
      asked.push({ method, path: String(path), body: JSON.parse(String(init?.body ?? 'null')), answer: (given, status = 200) => resolve(status === 204 ? new Response(null, { status }) : Response.json(given, { status })) });
    });
  });
}
const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('QuestionsStore', () => {
  async function opened(): Promise<{ store: QuestionsStore; own: MineStore }> {
    rows = [question('a', { votes: 2 }), question('b')];
    const own = mine();
    const store = new QuestionsStore('s', own, api(), network.client);
    store.open();
    await settle();
    network.socket.hello().subscribed('session:s', 1);
    return { store, own };
  }

  it('follows what becomes public, answered, withdrawn, and the sums', async () => {
    const { store } = await opened();
    network.socket.publish('session:s', 2, 'question.approved', { question: question('c') });
    network.socket.publish('session:s', 3, 'tally.changed', { subject_id: 'c', votes: 5, version: 1 });
    network.socket.publish('session:s', 4, 'question.answered', { question: question('a', { state: 'answered', votes: 2, version: 2 }) });
    network.socket.publish('session:s', 5, 'question.withdrawn', { question_id: 'b', version: 2 });
    expect(store.questions.map(({ id, state, votes }) => `${id} ${state} ${votes}`)).toEqual(['a answered 2', 'c approved 5']);
  });

  it('counts a vote at once and never twice', async () => {
    const { store, own } = await opened();
    void store.toggleVote(store.questions[0]!);
    expect([store.votes(store.questions[0]!), own.votes.has('a')]).toEqual([3, true]);
    network.socket.publish('session:s', 2, 'tally.changed', { subject_id: 'a', votes: 3, version: 1 });
    expect(store.votes(store.questions[0]!)).toBe(3);
    await settle();
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['PUT /api/questions/a/vote']);
  });

  it('counts a vote for what was merged as one for what speaks for it', async () => {
    const { store, own } = await opened();
    own.setVote('b', true);
    network.socket.publish('session:s', 2, 'question.withdrawn', { question_id: 'b', version: 2, into: 'a' });
    network.socket.publish('session:s', 3, 'question.changed', { question: question('a', { votes: 2, merged: ['b'], version: 2 }) });
    expect(store.voted(store.questions[0]!)).toBe(true);
    void store.toggleVote(store.questions[0]!);
    await settle();
    expect([asked[0]!.method, store.voted(store.questions[0]!), store.votes(store.questions[0]!)]).toEqual(['DELETE', false, 1]);
  });

  it('sends quick presses one after the other', async () => {
    const { store } = await opened();
    void store.toggleVote(store.questions[0]!);
    void store.toggleVote(store.questions[0]!);
    await settle();
    expect(asked).toHaveLength(1);
    asked[0]!.answer(null, 204);
    await settle();
    expect(asked.map(({ method }) => method)).toEqual(['PUT', 'DELETE']);
    expect(store.votes(store.questions[0]!)).toBe(2);
  });

  it('takes a refused vote back', async () => {
    const { store, own } = await opened();
    const pressed = store.toggleVote(store.questions[0]!).catch((error: Error) => error.message);
    await settle();
    asked[0]!.answer({ code: 'question.not_public', detail: 'no' }, 409);
    expect(await pressed).toBe('no');
    expect([store.votes(store.questions[0]!), own.votes.has('a')]).toEqual([2, false]);
  });
});

describe('order', () => {
  it('is by votes, but holds still under a finger', () => {
    const list = [question('a', { votes: 1 }), question('b', { votes: 5 }), question('c', { votes: 9 })];
    expect(ordered(list, ['a', 'b'], false).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(ordered(list, ['a', 'b'], true).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
});

describe('arranged', () => {
  const ids = (list: Question[]): string[] => list.map(({ id }) => id);
  it('leaves everything at its place while it is read, marked', () => {
    const before = [question('a', { votes: 3 }), question('b', { votes: 2 }), question('c', { votes: 1 })];
    const own = question('o', { state: 'waiting' });
    const first = arranged(before, [own], null);
    expect([ids(first.list), first.now, ids(first.own)]).toEqual([['a', 'b', 'c'], null, ['o']]);
    const after = [question('a', { state: 'answered' }), question('b', { state: 'answering' }), question('c', { votes: 9 }), question('n', { votes: 5 }), { ...own, state: 'approved' as const }];
    const read = arranged(after, [after[4]!], { list: ids(first.list), now: null, own: ['o'] });
    expect([ids(read.list), read.now, ids(read.own), ids(read.answered)]).toEqual([['a', 'b', 'c', 'n', 'o'], null, ['o'], []]);
    const anew = arranged(after, [after[4]!], null);
    expect([ids(anew.list), anew.now?.id, ids(anew.own), ids(anew.answered)]).toEqual([['c', 'n', 'o'], 'b', [], ['a']]);
  });
});

describe('DeskStore', () => {
  async function opened(...given: Question[]): Promise<DeskStore> {
    rows = given.length ? given : ['1', '2', '3'].map((id) => question(id, { state: 'waiting' }));
    const store = new DeskStore('s', api(), network.client, 'me');
    store.open();
    await settle();
    network.socket.hello().subscribed('session:s:moderation', 1);
    return store;
  }
  const ids = (list: Question[]): string[] => list.map(({ id }) => id);
  const told = (offset: number, name: string, given: Question): void => network.socket.publish('session:s:moderation', offset, name, { question: given });

  it('stands still while it is read', async () => {
    const store = await opened();
    told(2, 'question.asked', question('4', { state: 'waiting' }));
    told(3, 'question.approved', question('2', { version: 2 }));
    expect([ids(store.queue), ids(store.newcomers)]).toEqual([['1', '2', '3'], ['4']]);
    expect(store.stateOf(store.queue[1]!)).toBe('approved');
    store.tidy();
    expect([ids(store.queue), ids(store.newcomers)]).toEqual([['1', '3', '4'], []]);
  });

  it('approves at once and moves on to the next', async () => {
    const store = await opened();
    const done = store.decide(store.queue[0]!, 'approve');
    expect([ids(store.queue), store.selected, ids(store.shelf('approved'))]).toEqual([['2', '3'], '2', ['1']]);
    await settle();
    asked[0]!.answer(question('1', { version: 2 }));
    await done;
    expect(ids(store.newcomers)).toEqual([]);
  });

  it('takes an approval back: it waits again, at its place', async () => {
    const store = await opened();
    const done = store.decide(store.queue[1]!, 'approve');
    await settle();
    asked[0]!.answer(question('2', { version: 2 }));
    const undoing = (await done)();
    await settle();
    expect(asked[1]!.path).toBe('/api/questions/2/return');
    asked[1]!.answer(question('2', { state: 'waiting', version: 3 }));
    await undoing;
    expect([ids(store.queue), store.selected, ids(store.shelf('approved'))]).toEqual([['1', '2', '3'], '2', []]);
  });

  it('puts aside only after one could change one’s mind', async () => {
    const store = await opened();
    const undo = await store.decide(store.queue[0]!, 'dismiss');
    await settle(5_000);
    await undo();
    expect([asked, ids(store.queue)]).toEqual([[], ['1', '2', '3']]);
    await store.decide(store.queue[0]!, 'dismiss');
    await settle(6_000);
    expect(asked.map(({ path }) => path)).toEqual(['/api/questions/1/dismiss']);
  });

  it('lets another moderator’s decision stand, held or picked', async () => {
    const store = await opened();
    await store.decide(store.queue[0]!, 'dismiss');
    store.pick('2');
    told(2, 'question.approved', question('1', { version: 2 }));
    told(3, 'question.approved', question('2', { version: 2 }));
    await settle(10_000);
    expect([asked, ids(store.shelf('approved')).sort(), store.picked.size]).toEqual([[], ['1', '2'], 0]);
  });

  it('sends what waits when the page goes away', async () => {
    const store = await opened();
    await store.decide(store.queue[0]!, 'dismiss');
    store.close();
    await settle();
    expect(asked.map(({ path }) => path)).toEqual(['/api/questions/1/dismiss']);
  });

  it('leaves what waits to the browser when the page itself goes', async () => {
    const beacon = vi.fn(() => true);
    vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { sendBeacon: beacon }));
    const store = await opened();
    await store.decide(store.queue[0]!, 'dismiss');
    dispatchEvent(new Event('pagehide'));
    store.close();
    await settle();
    expect([beacon.mock.calls.map(([path]: unknown[]) => path), asked]).toEqual([['/api/questions/1/dismiss'], []]);
    vi.unstubAllGlobals();
  });

  it('brings a refused one back to its place', async () => {
    const store = await opened();
    const done = store.decide(store.queue[1]!, 'approve').catch((error: Error) => error.message);
    await settle();
    asked[0]!.answer({ code: 'question.decided', detail: 'late' }, 409);
    expect([await done, ids(store.queue)]).toEqual(['late', ['1', '2', '3']]);
  });

  it('takes an answer back to the list', async () => {
    const store = await opened(question('1'));
    const done = store.decide(store.shelf('approved')[0]!, 'answer');
    await settle();
    asked[0]!.answer(question('1', { state: 'answered', version: 2 }));
    void (await done)();
    await settle();
    expect(asked[1]!.path).toBe('/api/questions/1/approve');
  });

  it('gives a written answer back as it was, to its asker alone', async () => {
    const answer = { how: 'private', text: 'between us' } as const;
    const store = await opened(question('1', { state: 'answered', answer }));
    const done = store.decide(store.shelf('answered')[0]!, 'approve');
    await settle();
    asked[0]!.answer(question('1', { version: 2 }));
    void (await done)();
    await settle();
    expect([asked[1]!.path, asked[1]!.body]).toEqual(['/api/questions/1/answer', answer]);
  });

  it('decides several in one command, and lets them wait again', async () => {
    const store = await opened();
    store.pick('1');
    store.pick('3');
    const done = store.decideAll('approved');
    await settle();
    expect([asked[0]!.path, asked.length]).toEqual(['/api/sessions/s/questions/decide', 1]);
    asked[0]!.answer({ questions: [question('1', { version: 2 }), question('3', { version: 2 })] });
    expect([await done, ids(store.queue), store.picked.size]).toEqual([2, ['2'], 0]);
    const undone = store.decideAll('waiting', ['1', '3']);
    await settle();
    asked[1]!.answer({ questions: [question('1', { state: 'waiting', version: 3 }), question('3', { state: 'waiting', version: 3 })] });
    await undone;
    expect(ids(store.queue)).toEqual(['2', '1', '3']);
  });

  it('shows who has a question in hand, and forgets it', async () => {
    const store = await opened();
    network.socket.say({ type: 'signal', channel: 'session:s:moderation', name: 'claim', data: { claims: { 'question:2': { id: 'other', name: 'Samer' }, 'question:1': { id: 'me', name: 'I' } } } });
    expect([...store.claims.keys()]).toEqual(['2']);
    await settle(14_000);
    expect(store.claims.size).toBe(0);
    store.close();
  });

  it('proposes what likely was asked before, and not what is merged already', async () => {
    likely = [{ id: '2', like: ['1'] }];
    const store = await opened();
    await settle(2_000);
    expect(store.alike(store.queue[1]!)?.id).toBe('1');
    told(2, 'question.changed', question('1', { merged_into: '3', version: 2 }));
    expect([store.alike(store.queue[1]!), ids(store.others(store.queue[1]!))]).toEqual([undefined, ['3']]);
    likely = [];
    store.close();
  });
});
