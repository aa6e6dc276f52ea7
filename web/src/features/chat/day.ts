/** A day as the reader says it: today, yesterday, else its name. */
import { day, dayKey } from '~/i18n/format';
import { t } from '~/i18n/t.svelte';

const DAY_MS = 86_400_000;

export function dayName(at: string, zone: string, now: number = Date.now()): string {
  const key = dayKey(at, zone);
  if (key === dayKey(new Date(now), zone)) return t('chat.today');
  if (key === dayKey(new Date(now - DAY_MS), zone)) return t('chat.yesterday');
  return day(at, zone);
}
