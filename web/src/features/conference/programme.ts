/** The programme's rules of show: newest version wins, order by time and hall, days of the zone looked at. */
import { dayKey } from '~/i18n/format';
import { fold } from '~/i18n/fold';
import type { Hall, Session, SessionState } from '~/net/shapes';

export interface Slot { starts_at: string; sessions: Session[] }
export interface Day { key: string; first: string; slots: Slot[]; count: number }

export interface Wish { words: string; hall: string; track: string; language: string; saved: boolean }
export const NO_WISH: Wish = { words: '', hall: '', track: '', language: '', saved: false };

/** What fits all filters. Words are looked for in every language of a session, in its hall, track and speakers, however spelled. */
export function filtered(sessions: readonly Session[], wish: Wish, saved: ReadonlySet<string>): Session[] {
  const words = fold(wish.words).split(' ').filter(Boolean);
  return sessions.filter((session) => {
    if (wish.hall && session.hall !== wish.hall) return false;
    if (wish.track && session.track !== wish.track) return false;
    if (wish.language && session.language !== wish.language) return false;
    if (wish.saved && !saved.has(session.id)) return false;
    if (words.length === 0) return true;
    const text = fold(
      [session.title, session.description, session.hall, session.track, ...session.speakers.map(({ name }) => name),
        ...Object.values(session.translations).flatMap((one) => [one.title, one.description])].join(' '),
    );
    return words.every((word) => text.includes(word));
  });
}

/** The halls of a day as columns: those it uses, in their order, and one without a name for what has no hall. */
export function columns(sessions: readonly Session[], halls: readonly Hall[]): string[] {
  const used = new Set(sessions.map(({ hall }) => hall));
  const known = halls.map(({ name }) => name).filter((name) => used.delete(name));
  return [...known, ...[...used].sort((one, other) => Number(one === '') - Number(other === '') || one.localeCompare(other))];
}

export function withShifts(
  sessions: readonly Session[], shifts: readonly { session_id: string; starts_at: string; ends_at: string; version: number }[],
): Session[] {
  return shifts.reduce<Session[]>((list, { session_id, ...times }) => {
    const known = list.find(({ id }) => id === session_id);
    return known ? withSession(list, { ...known, ...times }) : list;
  }, [...sessions]);
}

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
export function movesFrom(state: SessionState): SessionState[] {
  const moves: Record<SessionState, SessionState[]> = {
    scheduled: ['backstage', 'live'], backstage: ['live', 'scheduled', 'ended'], live: ['ended', 'backstage'], ended: ['backstage'], cancelled: [],
  };
  return moves[state];
}
