/** Kept apart from the other formats: the pages that open first need no lists. */
import { language } from './t.svelte';

const lists = new Map<string, Intl.ListFormat>();

/**
 * Several names as one text: "أمل وسارة وخالد", "Amal, Sara, and Khaled". Each keeps its own direction, so that
 * a Latin name before an Arabic one does not turn the whole list round.
 */
export function listed(words: readonly string[]): string {
  let made = lists.get(language.tag);
  if (!made) lists.set(language.tag, (made = new Intl.ListFormat(language.tag, { type: 'conjunction' })));
  return made.format(words.map((word) => `\u2068${word}\u2069`));
}
