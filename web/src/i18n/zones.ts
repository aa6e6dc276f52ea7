/** Times and zones as forms hold them: only those who plan need this. */
import { fields, pad, viewerZone, zoneName } from './format';
import { language } from './t.svelte';

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

/** Where browsers know no more than a city in Latin letters. */
const OWN: Record<string, Record<string, string>> = {
  ar: { 'Asia/Gaza': 'فلسطين (غزة)', 'Asia/Hebron': 'فلسطين (الخليل)' },
  en: { 'Asia/Gaza': 'Palestine (Gaza)', 'Asia/Hebron': 'Palestine (Hebron)' },
};

export interface ZoneChoice { zone: string; name: string }

/**
 * Zones for a chooser, named as the reader names places ("مصر", "Egypt Time"): the one chosen, the
 * device's and the usual ones of our people first, then all the browser knows, in alphabetical order.
 */
export function zones(chosen: string | null = null): ZoneChoice[] {
  const near = ['Asia/Riyadh', 'Africa/Cairo', 'Asia/Amman', 'Asia/Hebron', 'Asia/Gaza', 'Asia/Beirut', 'Asia/Dubai', 'Africa/Casablanca', 'Africa/Tunis', 'UTC'];
  const all = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  const first = new Set([...(chosen ? [chosen] : []), viewerZone(), ...near]);
  const named = [...first, ...all.filter((zone) => !first.has(zone))].map((zone) => ({ zone, name: placeName(zone) }));
  const many = new Map<string, number>();
  for (const { name } of named) many.set(name, (many.get(name) ?? 0) + 1);
  // Some names cover several places with clocks of their own: "Eastern Time (Detroit)".
  const told = named.map(({ zone, name }) => ({ zone, name: many.get(name)! > 1 ? `${name} (${cityOf(zone)})` : name }));
  const { compare } = new Intl.Collator(language.tag);
  return [...told.slice(0, first.size), ...told.slice(first.size).sort((one, other) => compare(one.name, other.name))];
}

/** Without the word that begins nearly every Arabic name: it would spoil finding a zone by its first letters. */
function placeName(zone: string): string {
  return OWN[language.locale]?.[zone] ?? (zone === 'UTC' ? zone : zoneName(zone).replace(/^توقيت /, ''));
}

function cityOf(zone: string): string {
  return zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ');
}
