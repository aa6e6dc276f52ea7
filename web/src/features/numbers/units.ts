/** Measures in the reader's language and digits. */
import { language, t } from '~/i18n/t.svelte';
import type { Common } from '~/media/numbers';

export function decimal(value: number): string {
  return new Intl.NumberFormat(language.tag, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

export function rate(kbps: number): string {
  return kbps < 1000 ? t('numbers.kbps', { count: decimal(kbps) }) : t('numbers.mbps', { count: decimal(kbps / 1000) });
}

export function share(part: number): string {
  return new Intl.NumberFormat(language.tag, { style: 'percent', maximumFractionDigits: part < 0.1 ? 1 : 0 }).format(part);
}

export function duration(ms: number | null): string {
  if (ms === null) return t('numbers.unknown');
  return ms < 1000 ? t('numbers.ms', { count: decimal(Math.round(ms)) }) : t('numbers.s', { count: decimal(ms / 1000) });
}

function plain(value: number): string {
  return new Intl.NumberFormat(language.tag, { useGrouping: false }).format(value);
}

/** "960 × 540, 30 a second", the larger number of digits kept apart from the text's direction. */
export function size(picture: Common['picture']): string {
  if (!picture) return t('numbers.picture.none');
  const { width, height, fps } = picture;
  return t('numbers.picture.size', { size: `\u2066${plain(width)}×${plain(height)}\u2069`, fps });
}
