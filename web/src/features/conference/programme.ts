/** The programme's rules of show: newest version wins, order by time and hall, days of the zone looked at. */
import { dayKey } from '~/i18n/format';
import type { Session } from '~/net/shapes';

export interface Slot { starts_at: string; sessions: Session[] }
export interface Day { key: string; first: string; slots: Slot[]; count: number }

export function withSession(sessions: readonly Session[], fresh: Session): Session[] {
  const old = sessions.find((session) => session.id === fresh.id);
  if (old && old.version > fresh.version) return sessions as Session[];
  return [...sessions.filter((session) => session.id !== fresh.id), fresh].sort(byTime);
}

export function byTime(one: Session, other: Session): number {
  return (
    Date.parse(one.starts_at) - Date.parse(other.starts_at) || one.hall.localeCompare(other.hall) || (one.id < other.id ? -1 : 1)
  );
}

export function days(sessions: readonly Session[], zone: string): Day[] {
  const found = new Map<string, Day>();
  for (const session of [...sessions].sort(byTime)) {
    const key = dayKey(session.starts_at, zone);
    let day = found.get(key);
    if (!day) found.set(key, (day = { key, first: session.starts_at, slots: [], count: 0 }));
    const last = day.slots.at(-1);
    if (last && Date.parse(last.starts_at) === Date.parse(session.starts_at)) last.sessions.push(session);
    else day.slots.push({ starts_at: session.starts_at, sessions: [session] });
    day.count++;
  }
  return [...found.values()];
}

/** The day to open on: today, else the next to come, else the last. */
export function dayToOpen(list: readonly Day[], now: Date, zone: string): string | null {
  const today = dayKey(now, zone);
  return (list.find((day) => day.key >= today) ?? list.at(-1))?.key ?? null;
}

export function liveNow(sessions: readonly Session[]): Session[] {
  return sessions.filter((session) => session.state === 'live');
}

export function nextUp(sessions: readonly Session[], now: Date): Session | null {
  return (
    [...sessions].sort(byTime).find(
      (session) => (session.state === 'scheduled' || session.state === 'backstage') && Date.parse(session.ends_at) > now.getTime(),
    ) ?? null
  );
}

/** The moves an organiser or moderator may make, most likely first. */
export function movesFrom(state: Session['state']): Session['state'][] {
  return { scheduled: ['backstage'], backstage: ['live', 'scheduled'], live: ['ended'], ended: ['backstage'] }[state] as Session['state'][];
}
