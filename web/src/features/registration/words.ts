/** The organiser's texts, in the reader's language or, without it, in the other. */
import { language } from '~/i18n/t.svelte';

export function inWords(words: { ar: string; en: string }): string {
  return language.locale === 'ar' ? words.ar || words.en : words.en || words.ar;
}
