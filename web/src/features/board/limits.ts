/** How many cards a column may be told to hold, as the server takes it. */
import { plainDigits } from '~/i18n/bidi';

export const LEAST = 1;
export const MOST = 1000;

/** Nothing is no limit; what is no number of the range is NaN, to be said and not to be bent. */
export function limit(text: string): number | null {
  const plain = plainDigits(text).trim();
  if (!plain) return null;
  return /^\d+$/.test(plain) && Number(plain) >= LEAST && Number(plain) <= MOST ? Number(plain) : Number.NaN;
}
