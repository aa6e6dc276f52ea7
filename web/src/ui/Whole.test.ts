import { describe, expect, it } from 'vitest';
import { wholeOf } from './Whole.svelte';

describe('wholeOf', () => {
  it('reads thousands however they are set apart', () => {
    for (const typed of ['1000', '1,000', '١٠٠٠', '١٬٠٠٠', '١،٠٠٠', '۱٬۰۰۰', '1 000', '1.000']) expect(wholeOf(typed)).toBe(1000);
  });
  it('takes nothing else for a number', () => {
    for (const typed of ['', 'مئة', '1,5', '1.5', '10,00', '5-']) expect(wholeOf(typed)).toBeNaN();
  });
});
