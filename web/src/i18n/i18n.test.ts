import { beforeEach, describe, expect, it } from 'vitest';
import { directionOf, plainDigits } from './bidi';
import { dateRange, dayKey, time, zoneName } from './format';
import { listed } from './listed';
import { language, t } from './t.svelte';
import { fromLocalField, toLocalField, zones } from './zones';

const bare = (text: string): string => text.replace(/[\u200e\u200f\u2066-\u2069\u061c]/g, '').replace(/[\u00a0\u202f]/g, ' ');

describe('directionOf', () => {
  it.each([
    ['مرحبا', 'rtl'], ['hello', 'ltr'], ['اجتماع Zoom غدا 10:30', 'rtl'], ['Zoom اجتماع', 'ltr'], ['٣ أشياء', 'rtl'],
    ['@sara أهلا', 'rtl'], ['https://example.org شاهدوا', 'rtl'], ['https://example.org', 'ltr'],
  ] as const)('%s is %s', (text, direction) => {
    expect(directionOf(text, 'rtl')).toBe(direction);
  });

  it.each(['', '👏👏', '123', '١٢٣', '10:30 - 11:00'])('%j goes with the page', (text) => {
    expect([directionOf(text, 'rtl'), directionOf(text, 'ltr')]).toEqual(['rtl', 'ltr']);
  });
});

describe('t', () => {
  beforeEach(() => language.use('ar'));

  it('counts in Arabic', () => {
    language.digits = 'latn';
    expect([0, 1, 2, 3, 11, 100].map((count) => t('core.people', { count }))).toEqual(['لا أحد', 'شخص واحد', 'شخصان', '3 أشخاص', '11 شخصًا', '100 شخص']);
  });

  it('writes the reader’s digits', () => {
    language.digits = 'arab';
    expect(t('core.people', { count: 12 })).toBe('١٢ شخصًا');
  });

  it('isolates names, so that they do not turn the sentence round', async () => {
    await language.need('account');
    expect(t('account.join.as_me', { name: 'Sara' })).toBe('أنت داخل باسم \u2068Sara\u2069.');
  });

  it('changes language with direction and lang of the page', async () => {
    await language.use('en');
    expect([t('core.save'), document.documentElement.dir, document.documentElement.lang]).toEqual(['Save', 'ltr', 'en']);
  });
});

describe('areas', () => {
  it('asked for at the same moment all arrive, in the language of the end', async () => {
    await language.use('ar');
    await Promise.all([language.need('board'), language.need('teams'), language.use('en'), language.need('people')]);
    expect([t('board.add'), t('teams.members'), t('people.title')]).toEqual(['Add a card', 'Members of the team', 'People and invitations']);
  });
});

describe('times', () => {
  beforeEach(async () => {
    await language.use('ar');
    language.digits = 'latn';
  });

  it('are told in the zone asked for, which has a name in words', () => {
    expect([bare(time('2026-11-21T07:30:00Z', 'Africa/Cairo')), zoneName('Africa/Cairo')]).toEqual(['9:30 ص', 'توقيت مصر']);
  });

  it('and names are told together as the language joins them', async () => {
    expect(listed(['Sara', 'أمل'])).toBe('\u2068Sara\u2069 و\u2068أمل\u2069');
    await language.use('en');
    expect(bare(listed(['Amal', 'Sara', 'Omar']))).toBe('Amal, Sara, and Omar');
  });

  it('are chosen from zones with names in words, each name once, the usual ones first', () => {
    const list = zones('Africa/Tunis');
    expect(list[0]).toEqual({ zone: 'Africa/Tunis', name: 'تونس' });
    expect(list.slice(0, 10)).toContainEqual({ zone: 'Africa/Cairo', name: 'مصر' });
    expect(new Set(list.map(({ zone }) => zone)).size).toBe(list.length);
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
  });

  it('of a day that has begun elsewhere belong to that day', () => {
    expect([dayKey('2026-11-21T22:30:00Z', 'UTC'), dayKey('2026-11-21T22:30:00Z', 'Asia/Riyadh')]).toEqual(['2026-11-21', '2026-11-22']);
  });

  it('go through a field of a zone and back', () => {
    for (const zone of ['Asia/Riyadh', 'Africa/Casablanca', 'Europe/Berlin', 'America/St_Johns', 'UTC']) {
      for (const at of ['2026-03-29T00:30:00Z', '2026-07-01T12:00:00Z', '2026-10-25T03:15:00Z', '2026-12-31T23:45:00Z']) {
        expect([zone, fromLocalField(toLocalField(at, zone), zone)]).toEqual([zone, at]);
      }
    }
  });

  it('of days without a zone do not shift', () => {
    expect(bare(dateRange('2026-11-21', '2026-11-23'))).toBe('21–23 نوفمبر 2026');
    expect(bare(dateRange('2026-11-21', null))).toBe('21 نوفمبر 2026');
  });
});

describe('plainDigits', () => {
  it('reads both kinds of Arabic digits', () => expect(plainDigits('٢٠ و ۳۰ و 40')).toBe('20 و 30 و 40'));
});
