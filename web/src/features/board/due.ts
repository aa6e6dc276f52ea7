/** When a card is due: a moment is one for all, a day ends where its people live. */
import { dayKey } from '~/i18n/format';
import type { Card } from './shapes';

/** The zones of people, as far as they told them. */
export type Zones = ReadonlyMap<string, string>;
type Dated = Pick<Card, 'due' | 'done_at' | 'people'>;

/** The calendar day it is due for this reader. */
export function dueDay({ due }: Pick<Card, 'due'>, zone: string): string | null {
  if (!due) return null;
  return due.day ?? dayKey(due.at!, zone);
}

/** Past for the last of its people; of who told no zone, and without people, by the reader's clock. */
export function isOverdue({ due, done_at, people }: Dated, zone: string, zones: Zones, now: number = Date.now()): boolean {
  if (!due || done_at) return false;
  if (due.at) return Date.parse(due.at) < now;
  return (people.length ? people : [{ id: '' }]).every(({ id }) => due.day! < dayKey(new Date(now), zones.get(id) ?? zone));
}
