import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { Api } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Publisher, Session, Stage } from '~/net/shapes';
import { spanOf, stopwatch } from './clock.svelte';
import { MineStore } from './MineStore.svelte';
import { SessionStore } from './SessionStore.svelte';

const SESSION: Session = {
  id: 's', conference_id: 'c', title: 't', description: '', hall: '', track: '', kind: 'talk', translations: {}, note: '', language: 'ar',
  starts_at: '2026-11-21T10:00:00Z', ends_at: '2026-11-21T11:00:00Z', state: 'scheduled', speakers: [], live_since: null, card_ar: '', card_en: '', back_at: null, rehearsal_of: null, team_id: null, codec: '', record: false, version: 3,
};
const publisher = (id: string, slot: number | null, on_air = true): Publisher => ({ id, person: null, label: id, kind: 'camera', audio: true, video: true, on_air, slot, codec: null });
const stage = (...publishers: Publisher[]): Stage => ({ session_id: 's', live: true, publishers, viewers: 1, revision: 1, hls: null, recording: false, recording_fault: null });

beforeAll(() => language.use('en'));
beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('SessionStore', () => {
  const network = (): FakeNetwork => new FakeNetwork();
  const store = (live: FakeNetwork): SessionStore =>
    new SessionStore('s', new Api(() => Promise.resolve(Response.json({ position: at(1), session: SESSION, stage: stage() }))), live.client);

  it('follows the session and its stage, and never goes back to an older version', async () => {
    const live = network();
    const one = store(live);
    one.open();
    await vi.advanceTimersByTimeAsync(0);
    live.socket.hello().subscribed('session:s', 1);
    live.socket.publish('session:s', 2, 'session.changed', { session: { ...SESSION, state: 'live', version: 5 } });
    live.socket.publish('session:s', 3, 'session.changed', { session: { ...SESSION, state: 'backstage', version: 4 } });
    live.socket.publish('session:s', 4, 'stage.changed', { stage: stage(publisher('b', 1), publisher('off', null, false), publisher('a', 0)) });
    expect(one.session?.state).toBe('live');
    expect(one.onAir.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('forgets who stopped typing, by time or by their message', async () => {
    const one = store(network());
    one.hear({ name: 'typing', data: { people: [{ id: '1', name: 'أمل' }, { id: '2', name: 'Sara' }] } });
    expect(one.typing).toHaveLength(2);
    one.stoppedTyping('1');
    expect(one.typing.map(({ id }) => id)).toEqual(['2']);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(one.typing).toEqual([]);
  });

  it('says that one types no more often than needed', async () => {
    const live = network();
    const one = store(live);
    one.open();
    await vi.advanceTimersByTimeAsync(0);
    live.socket.hello().subscribed('session:s', 1);
    for (const now of [0, 100, 2_900, 3_100]) one.sayTyping(now);
    expect(live.socket.sent.filter((frame) => frame.do === 'signal')).toHaveLength(2);
  });
});

describe('MineStore', () => {
  it('keeps rights, votes and own questions, and ignores those of other sessions', async () => {
    const live = new FakeNetwork();
    const question = { id: 'q', session_id: 's', asker: null, text: '', at: '', state: 'waiting', votes: 0, version: 1 };
    const rows = { position: at(1), role: 'attendee', may: ['stage.publish'], speaker: true, votes: ['a'], questions: [question], ice_servers: [], backstage: [] };
    const mine = new MineStore('s', 'me', new Api(() => Promise.resolve(Response.json(rows))), live.client);
    mine.open();
    await vi.advanceTimersByTimeAsync(0);
    live.socket.hello().subscribed('person:me', 1);
    live.socket.publish('person:me', 2, 'question.decided', { question: { ...question, state: 'approved', version: 2 } });
    live.socket.publish('person:me', 3, 'question.asked', { question: { ...question, id: 'x', session_id: 'other' } });
    live.socket.publish('person:me', 4, 'vote.changed', { question_id: 'a', voted: false });
    live.socket.publish('person:me', 5, 'vote.changed', { question_id: 'b', voted: true });
    expect(mine.questions.map(({ id, state }) => `${id} ${state}`)).toEqual(['q approved']);
    expect([[...mine.votes], mine.may('stage.publish'), mine.may('question.decide')]).toEqual([['b'], true, false]);
  });
});

describe('clock', () => {
  it('counts in days, hours, minutes and seconds, and never below nothing', () => {
    expect(spanOf(90_061_000)).toEqual({ days: 1, hours: 1, minutes: 1, seconds: 1 });
    expect(spanOf(-5)).toEqual({ days: 0, hours: 0, minutes: 0, seconds: 0 });
  });

  it('reads like a stopwatch', () => {
    const digits = (value: number, places: number): string => String(value).padStart(places, '0');
    expect([stopwatch(69_000, digits), stopwatch(3_909_000, digits)]).toEqual(['1:09', '1:05:09']);
  });
});
