/** Numbers, days and times for people: by Intl, in the reader's language and digits, in a named zone. */
import { language } from './t.svelte';

export function viewerZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.tag} ${zone} ${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(language.tag, { ...options, timeZone: zone })));
  return made;
}

const TIME = { hour: 'numeric', minute: '2-digit' } as const;

export function number(value: number): string {
  return new Intl.NumberFormat(language.tag).format(value);
}

export function time(at: string | Date, zone: string): string {
  return format(zone, TIME).format(new Date(at));
}

export function timeRange(from: string | Date, to: string | Date, zone: string): string {
  return format(zone, TIME).formatRange(new Date(from), new Date(to));
}

/** "السبت، 21 نوفمبر" */
export function day(at: string | Date, zone: string): string {
  return format(zone, { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(at));
}

export function shortDay(at: string | Date, zone: string, year = false): { weekday: string; date: string } {
  return {
    weekday: format(zone, { weekday: 'long' }).format(new Date(at)),
    date: format(zone, { day: 'numeric', month: 'short', ...(year ? { year: 'numeric' } : {}) }).format(new Date(at)),
  };
}

export function dateTime(at: string | Date, zone: string): string {
  return format(zone, { day: 'numeric', month: 'long', ...TIME }).format(new Date(at));
}

/** A calendar day without a zone, short: "21 نوفمبر" */
export function plainDay(day: string): string {
  return format('UTC', { day: 'numeric', month: 'short' }).format(new Date(`${day}T00:00:00Z`));
}

/** Calendar days ("2026-11-21") have no zone. */
export function dateRange(from: string, to: string | null): string {
  const days = format('UTC', { day: 'numeric', month: 'long', year: 'numeric' });
  const first = new Date(`${from}T00:00:00Z`);
  return to && to !== from ? days.formatRange(first, new Date(`${to}T00:00:00Z`)) : days.format(first);
}

/** The zone in words a reader knows: "توقيت مصر", "Egypt Time". */
export function zoneName(zone: string): string {
  if (/^(Etc\/)?(UTC|GMT|UCT|Zulu)$/.test(zone)) return zonePart('UTC', 'long'); // generic it is "غرينتش+0"
  const short = zonePart(zone, 'shortGeneric');
  return /^[A-Z]{2,5}$/.test(short) ? zonePart(zone, 'longGeneric') : short; // "EET" is no word
}

function zonePart(zone: string, timeZoneName: 'shortGeneric' | 'longGeneric' | 'long'): string {
  const parts = format(zone, { timeZoneName }).formatToParts(new Date());
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

/** The calendar day in a zone as "2026-11-21": for grouping, never for show. */
export function dayKey(at: string | Date, zone: string): string {
  const { year, month, day: date } = fields(new Date(at), zone);
  return `${year}-${pad(month)}-${pad(date)}`;
}

/** The parts of a moment as a zone's clock and calendar show them. */
export function fields(at: Date, zone: string): Record<'year' | 'month' | 'day' | 'hour' | 'minute', number> {
  let plain = plainFormats.get(zone);
  if (!plain) {
    plain = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
    });
    plainFormats.set(zone, plain);
  }
  const found = { year: 0, month: 0, day: 0, hour: 0, minute: 0 };
  for (const part of plain.formatToParts(at)) {
    if (part.type in found) found[part.type as keyof typeof found] = Number(part.value);
  }
  return found;
}
const plainFormats = new Map<string, Intl.DateTimeFormat>();

export function pad(value: number): string {
  return String(value).padStart(2, '0');
}
