import { describe, expect, it } from 'vitest';
import type { Session } from '~/net/shapes';
import { changed, firstTimes } from './plan';
import { days, dayToOpen, liveNow, movesFrom, nextUp, withSession } from './programme';

const session = (id: string, starts_at: string, change: Partial<Session> = {}): Session => ({
  id, conference_id: 'c', title: id, description: '', hall: '', track: '', kind: 'talk', translations: {}, note: '', language: 'ar', starts_at,
  ends_at: new Date(Date.parse(starts_at) + 3_600_000).toISOString(), state: 'scheduled', speakers: [], live_since: null, card_ar: '', card_en: '', back_at: null, rehearsal_of: null, team_id: null, codec: '', record: false, version: 1, ...change,
});
const SESSIONS = [
  session('late', '2026-11-21T22:30:00Z'),
  session('b', '2026-11-21T08:00:00Z', { hall: 'ب' }),
  session('a', '2026-11-21T08:00:00Z', { hall: 'أ' }),
];

describe('days', () => {
  it('groups by the day of the zone, the same time side by side', () => {
    const shape = (zone: string): unknown => days(SESSIONS, zone).map((day) => [day.key, day.slots.map((slot) => slot.sessions.map(({ id }) => id))]);
    expect(shape('UTC')).toEqual([['2026-11-21', [['a', 'b'], ['late']]]]);
    expect(shape('Asia/Riyadh')).toEqual([['2026-11-21', [['a', 'b']]], ['2026-11-22', [['late']]]]);
  });

  it('opens on today, else the next day to come, else the last', () => {
    const list = days(SESSIONS, 'Asia/Riyadh');
    const open = (now: string): string | null => dayToOpen(list, new Date(now), 'Asia/Riyadh');
    expect([open('2026-11-01T00:00:00Z'), open('2026-11-22T09:00:00Z'), open('2027-01-01T00:00:00Z'), dayToOpen([], new Date(), 'UTC')]).toEqual([
      '2026-11-21', '2026-11-22', '2026-11-22', null,
    ]);
  });
});

describe('withSession', () => {
  it('adds, replaces by the newest version, ignores the older, keeps the order', () => {
    const added = withSession(SESSIONS, session('c', '2026-11-21T07:00:00Z'));
    expect(added.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'late']);
    const renamed = withSession(added, session('a', '2026-11-21T09:00:00Z', { version: 2 }));
    expect(renamed.map(({ id }) => id)).toEqual(['c', 'b', 'a', 'late']);
    expect(withSession(renamed, session('a', '2026-11-21T05:00:00Z', { version: 1 }))).toBe(renamed);
  });
});

describe('now and next', () => {
  it('tells what is live and what comes, passing over what has ended', () => {
    const list = [session('over', '2026-11-21T06:00:00Z', { state: 'ended' }), session('on', '2026-11-21T07:00:00Z', { state: 'live' }), ...SESSIONS];
    expect(liveNow(list).map(({ id }) => id)).toEqual(['on']);
    expect(nextUp(list, new Date('2026-11-21T07:30:00Z'))?.id).toBe('a');
    expect(nextUp(list, new Date('2026-12-01T00:00:00Z'))).toBeNull();
  });

  it('offers the likeliest move of a stage first', () => {
    expect((['scheduled', 'backstage', 'live', 'ended'] as const).map((state) => movesFrom(state)[0])).toEqual(['backstage', 'live', 'ended', 'backstage']);
  });
});

describe('changed', () => {
  it('is what was touched alone', () => {
    const before = { title: 'a', starts_at: '2026-11-21T08:00:00Z', words: { title: 'A', description: '' } };
    expect(changed(before, { ...before, words: { title: 'A', description: '' } })).toEqual({});
    expect(changed(before, { ...before, title: '', words: { title: 'B', description: '' } })).toEqual({ title: '', words: { title: 'B', description: '' } });
  });
});

describe('firstTimes', () => {
  const conference = { starts_on: '2026-11-25', zone: 'Asia/Riyadh' };
  const now = new Date('2026-11-21T08:10:00Z');
  it('offers the first day at ten, else the time after the last session, else the next full hour', () => {
    expect(firstTimes([], conference, now).starts_at).toBe('2026-11-25T07:00:00.000Z');
    expect(firstTimes([session('x', '2026-11-26T10:00:00Z')], conference, now).starts_at).toBe('2026-11-26T11:00:00.000Z');
    expect(firstTimes([], { ...conference, starts_on: null }, now)).toEqual({ starts_at: '2026-11-21T09:00:00.000Z', ends_at: '2026-11-21T10:00:00.000Z' });
  });
});
