/** What the form of a session begins with, and what of it was touched. */
import { fromLocalField } from '~/i18n/zones';
import type { Conference, Session } from '~/net/shapes';

/** What differs of a form as it is filled in from what it began with. */
export function changed<T extends object>(before: T, now: T): Partial<T> {
  const kept = Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof T]));
  return Object.fromEntries(kept) as Partial<T>;
}

const HOUR_MS = 3_600_000;

/** Times to offer for a new session: after the last one, else the next full hour or the first day at ten. */
export function firstTimes(
  sessions: readonly Session[], conference: Pick<Conference, 'starts_on' | 'zone'>, now: Date,
): { starts_at: string; ends_at: string } {
  const last = Math.max(0, ...sessions.map((session) => Date.parse(session.ends_at)));
  const opening = conference.starts_on ? Date.parse(fromLocalField(`${conference.starts_on}T10:00`, conference.zone)) : 0;
  const soon = Math.ceil(now.getTime() / HOUR_MS) * HOUR_MS;
  const start = Math.max(last, opening, soon);
  return { starts_at: new Date(start).toISOString(), ends_at: new Date(start + HOUR_MS).toISOString() };
}
