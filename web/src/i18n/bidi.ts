/**
 * The direction of people's own words. `dir="auto"` sends texts of only emoji or digits to the left of an
 * Arabic page, so we decide: the first strong letter rules, and without one the page does.
 */
const RTL = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
const LETTER = /\p{L}/u;
const SKIPPED = /https?:\/\/\S+|[@#]\S+/gu; // an address or a tag at the start says nothing about the sentence

export type Direction = 'rtl' | 'ltr';

export function directionOf(text: string, page: Direction): Direction {
  return strong(text.replace(SKIPPED, ' ')) ?? strong(text) ?? page;
}

function strong(text: string): Direction | null {
  for (const letter of text) {
    if (RTL.test(letter) && !/[\u0660-\u0669\u06F0-\u06F9]/.test(letter)) return 'rtl';
    if (LETTER.test(letter)) return 'ltr';
  }
  return null;
}

/** Arabic-Indic and Persian digits as 0-9, for fields that hold numbers. */
export function plainDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06F0-\u06F9]/g, (digit) => String(digit.charCodeAt(0) & 0xf));
}
