/** When a card is due, by the reader's clock. */
import { dayKey } from '~/i18n/format';
import type { Card } from './shapes';

/** The calendar day it is due for this reader. */
export function dueDay({ due }: Pick<Card, 'due'>, zone: string): string | null {
  if (!due) return null;
  return due.day ?? dayKey(due.at!, zone);
}

export function isOverdue({ due, done_at }: Pick<Card, 'due' | 'done_at'>, zone: string, now: number = Date.now()): boolean {
  if (!due || done_at) return false;
  return due.at ? Date.parse(due.at) < now : due.day! < dayKey(new Date(now), zone);
}
