import { describe, expect, it } from 'vitest';
import { parseDay, parseTime } from './days';

describe('parseDay', () => {
  it.each([
    ['21/11/2026', '2026-11-21'], ['٢١/١١/٢٠٢٦', '2026-11-21'], ['۲۱-۱۱-۲۶', '2026-11-21'], ['2026-11-21', '2026-11-21'],
    ['5.1', '2027-01-05'], ['٢١\u200f/١١', '2026-11-21'], ['31/2/2026', null], ['غدا', null], ['', null], ['1/1/1900', null],
  ])('%s is %s', (text, day) => expect(parseDay(text, '2026-11-21')).toBe(day));
});

describe('parseTime', () => {
  it.each([['17:30', '17:30'], ['٩:٠٥', '09:05'], ['9', '09:00'], ['٦ م', '18:00'], ['12:30 ص', '00:30'], ['6pm', '18:00'], ['12 p.m.', '12:00'], ['13 م', null], ['24:00', null], ['x', null]])('%s is %s', (text, time) => expect(parseTime(text)).toBe(time));
});
