/** Times and zones as forms hold them: only those who plan need this. */
import { fields, pad, viewerZone } from './format';

/** What a `datetime-local` field shows for a moment in a zone. */
export function toLocalField(at: string, zone: string): string {
  const { year, month, day: date, hour, minute } = fields(new Date(at), zone);
  return `${year}-${pad(month)}-${pad(date)}T${pad(hour)}:${pad(minute)}`;
}

/** The moment a `datetime-local` text means in a zone. In the hour a clock change skips, the later reading. */
export function fromLocalField(text: string, zone: string): string {
  const wanted = Date.parse(`${text}:00Z`);
  let at = wanted;
  for (let round = 0; round < 2; round++) at = wanted - offsetAt(at, zone);
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

function offsetAt(at: number, zone: string): number {
  const { year, month, day: date, hour, minute } = fields(new Date(at), zone);
  const second = Math.floor(at / 1000) % 60;
  return Date.UTC(year, month - 1, date, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

/** Zones for a chooser: the usual ones of our people first, then all the browser knows. */
export function zones(): string[] {
  const near = ['Asia/Riyadh', 'Africa/Cairo', 'Asia/Amman', 'Asia/Beirut', 'Asia/Dubai', 'Africa/Casablanca', 'Africa/Tunis', 'UTC'];
  const all = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set([viewerZone(), ...near, ...all])];
}
