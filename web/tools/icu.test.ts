// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { argumentsOf, compile, PLURAL_FORMS, pluralsOf, readWords, LOCALES, type Words } from './icu.ts';
import { MESSAGES } from './words.ts';

const words = Object.fromEntries(LOCALES.map((locale) => [locale, readWords(MESSAGES, locale)])) as Record<'ar' | 'en', Words>;
const flat = (table: Words): [string, string][] =>
  Object.entries(table).flatMap(([area, texts]) => Object.entries(texts).map(([key, text]) => [`${area}.${key}`, text] as [string, string]));

describe('messages', () => {
  it('are the same keys in both languages', () => {
    expect(flat(words.en).map(([key]) => key)).toEqual(flat(words.ar).map(([key]) => key));
  });

  it('take the same arguments in both languages', () => {
    const english = new Map(flat(words.en));
    for (const [key, text] of flat(words.ar)) {
      expect([key, [...argumentsOf(english.get(key)!).keys()].sort()]).toEqual([key, [...argumentsOf(text).keys()].sort()]);
    }
  });

  it.each(LOCALES)('in %s have every plural form of the language', (locale) => {
    for (const [key, text] of flat(words[locale])) {
      for (const forms of pluralsOf(text)) expect([key, forms.sort()]).toEqual([key, [...PLURAL_FORMS[locale]].sort()]);
    }
  });

  it.each(LOCALES)('in %s are never empty and have no stray blanks', (locale) => {
    for (const [key, text] of flat(words[locale])) expect([key, text.trim()]).toEqual([key, text || 'something']);
  });
});

/** Runs a compiled text as the browser would. */
function said(text: string, values: Record<string, unknown>, locale = 'ar'): string {
  const made = new Function(`return ${compile(text)}`)() as string | ((values: unknown, runtime: unknown) => string);
  const rules = new Intl.PluralRules(locale);
  type Forms = Record<string, () => string>;
  return typeof made === 'string'
    ? made
    : made(values, {
        s: String,
        n: String,
        p: (value: number, forms: Forms) => (forms[`=${value}`] ?? forms[rules.select(value)] ?? forms.other!)(),
        c: (value: string, forms: Forms) => (forms[value] ?? forms.other!)(),
      });
}

describe('compiling', () => {
  const six = '{n, plural, zero {صفر} one {واحد} two {اثنان} few {# قليل} many {# كثير} other {# غير}}';

  it('chooses the Arabic plural as CLDR says', () => {
    const got = [0, 1, 2, 3, 11, 99, 100, 103, 2030].map((n) => said(six, { n }));
    expect(got).toEqual(['صفر', 'واحد', 'اثنان', '3 قليل', '11 كثير', '99 كثير', '100 غير', '103 قليل', '2030 كثير']);
  });

  it('nests a select in a plural and keeps its number', () => {
    const text = '{n, plural, =0 {none} one {{who, select, me {my {n}} other {their {n}}}} other {# of {who}}}';
    expect([0, 1, 5].map((n) => said(text, { n, who: 'me' }, 'en'))).toEqual(['none', 'my 1', '5 of me']);
  });

  it('tells the arguments with their types', () => {
    expect([...argumentsOf('{name} has {n, plural, other {#}} as {role, select, a {x} other {y}}')]).toEqual([
      ['name', 'string | number'], ['n', 'number'], ['role', '"a" | (string & {})'],
    ]);
  });

  it('refuses what the run-time cannot say', () => {
    expect(() => compile('{n, plural, offset:1 other {#}}')).toThrow(/offset/);
    expect(() => compile('{when, date, short}')).toThrow(/not supported/);
  });
});

describe('styles', () => {
  it('use logical properties only, so that the page mirrors by itself', () => {
    const physical = /(?<![\w-])(?:(?:margin|padding|border|inset)-(?:left|right)|left|right|float|text-align:\s*(?:left|right))\s*:/;
    const found: string[] = [];
    const walk = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) walk(path);
        else if (/\.(css|svelte)$/.test(entry.name)) {
          const text = readFileSync(path, 'utf8');
          const css = entry.name.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '');
          for (const line of css.split('\n')) if (physical.test(line)) found.push(`${entry.name}: ${line.trim()}`);
        }
      }
    };
    walk(join(MESSAGES, '../src'));
    expect(found).toEqual([]);
  });
});
