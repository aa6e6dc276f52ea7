/** Small words of the board that have no key of their own. */
import { language, t } from '~/i18n/t.svelte';

/** "45 minutes", "1½ hours", "2 hours" */
export function minutesWords(minutes: number): string {
  if (minutes >= 60 && minutes % 30 === 0) return t(minutes % 60 ? 'card.size.hours_half' : 'card.size.hours', { count: Math.floor(minutes / 60) });
  return t('card.size.minutes', { count: minutes });
}

/** A title as it is kept: without breaks and blanks round it. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A language by its own tag, in the reader's language. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames([language.tag], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export function fileSize(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return new Intl.NumberFormat(language.tag, { style: 'unit', unit: units[at]!, unitDisplay: 'short', maximumFractionDigits: 1 }).format(bytes / 1000 ** at);
}
