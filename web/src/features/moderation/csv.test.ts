import { expect, it } from 'vitest';
import { cell } from './csv';

it.each([['a', '"a"'], ['=1+1', '"\'=1+1"'], ['a "b"', '"a ""b"""'], ['＝x', '"\'＝x"'], ['-', '"\'-"']])('%s', (text, expected) => {
  expect(cell(text)).toBe(expected);
});
