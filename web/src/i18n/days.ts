/** Calendar days and clock times as people type them: any digits, day first, or the way machines write. */
import { plainDigits } from './bidi';
import { pad } from './format';

/** "٢١/١١/٢٠٢٦", "21-11", "2026-11-21" as "2026-11-21"; null for what is no day. Without a year the next such day after `today`. */
export function parseDay(text: string, today: string): string | null {
  const plain = plainDigits(text).replace(/[\u200e\u200f\u061c]/g, '').trim();
  const parts = plain.split(/[^0-9]+/).filter(Boolean).map(Number);
  const [one, two, three] = parts as [number, number?, number?];
  if (parts.length === 3) return one > 31 ? day(one, two!, three!) : day(three! < 100 ? 2000 + three! : three!, two!, one);
  if (parts.length !== 2) return null;
  const year = Number(today.slice(0, 4));
  const soon = day(year, two!, one);
  return soon && soon < today ? day(year + 1, two!, one) : soon;
}

/** "٥:٣٠", "17.30", "9" as "17:30"; null for what is no time. */
export function parseTime(text: string): string | null {
  const found = /^(\d{1,2})(?:[:.\u066b](\d{2}))?\s*(?:(ص|صباح[اً]*|a\.?m\.?)|(م|مساءً?|p\.?m\.?))?$/i.exec(plainDigits(text).trim());
  if (!found) return null;
  const [, written, minutes, before, after] = found;
  const [given, minute] = [Number(written), Number(minutes ?? 0)];
  const halved = before ?? after;
  if (minute > 59 || given > 23 || (halved && (given < 1 || given > 12))) return null;
  const hour = halved ? (given % 12) + (after ? 12 : 0) : given;
  return `${pad(hour)}:${pad(minute)}`;
}

function day(year: number, month: number, date: number): string | null {
  const made = new Date(Date.UTC(year, month - 1, date));
  const fits = year >= 1970 && year < 2200 && made.getUTCMonth() === month - 1 && made.getUTCDate() === date;
  return fits ? made.toISOString().slice(0, 10) : null;
}
