/** Days by the Hijri calendar: only the programme shows them. */
import { language } from './t.svelte';

const formats = new Map<string, Intl.DateTimeFormat>();

/** The same day by the Umm al-Qura calendar, with its year: "٣٠ جمادى الأولى ١٤٤٨ هـ". By the browser: small libraries disagree from 2029. */
export function hijriDay(at: string | Date, zone: string, short?: boolean, to?: string | null): string {
  const key = `${language.tag} ${zone} ${short}`;
  let made = formats.get(key);
  if (!made) {
    const parts = short ? ({ day: 'numeric', month: 'short' } as const) : ({ day: 'numeric', month: 'long', year: 'numeric' } as const);
    formats.set(key, (made = new Intl.DateTimeFormat(`${language.tag}-ca-islamic-umalqura`, { ...parts, timeZone: zone })));
  }
  return made.formatRange(new Date(at), new Date(to || at)); // of one day: that day
}
