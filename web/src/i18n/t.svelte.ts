/**
 * The page's language and its texts. `t('area.key', {…})` is reactive: when the language changes, every
 * text drawn with it changes. Texts come in areas; a route names the areas it needs and they load with it.
 */
import index from 'virtual:words';
import type { Area, WordArguments } from './words.gen';

export type Locale = 'ar' | 'en';
type Values = Record<string, string | number>;
type Forms = Record<string, () => string>;
interface Runtime {
  s(value: string | number): string;
  n(value: number): string;
  p(value: number, forms: Forms): string;
  c(value: string | number, forms: Forms): string;
}
export type Text = string | ((values: Values, runtime: Runtime) => string);
export type Table = Record<string, Text>;
export type Key = keyof WordArguments;
type Given<K extends Key> = WordArguments[K] extends null ? [] : [values: WordArguments[K]];

const ISOLATE = String.fromCodePoint(0x2068);
const POP = String.fromCodePoint(0x2069);

class Language {
  locale = $state<Locale>('ar');
  /** 'arab' ١٢٣ or 'latn' 123 */
  digits = $state<'arab' | 'latn'>('latn');
  private tables = $state.raw<Table>({});
  private areas = new Set<Area>(['core']);
  private coming: Promise<unknown> = Promise.resolve();
  private rules = $derived(new Intl.PluralRules(this.locale));
  private numbers = $derived(new Intl.NumberFormat(this.tag));

  get dir(): 'rtl' | 'ltr' {
    return this.locale === 'ar' ? 'rtl' : 'ltr';
  }

  /** The tag for Intl: the reader's own kind of Arabic or English where the browser tells, and their digits. */
  get tag(): string {
    const own = navigator.languages.find((tag) => tag.toLowerCase().startsWith(this.locale)) ?? this.locale;
    return `${own.split('-u-')[0]}-u-nu-${this.locale === 'ar' ? this.digits : 'latn'}`;
  }

  /** Loads the areas' texts in the present language; resolves when `t` may use them. */
  need(...areas: readonly Area[]): Promise<unknown> {
    const fresh = areas.filter((area) => !this.areas.has(area));
    // Asked for elsewhere a moment ago: they may still be on their way.
    const before = this.coming;
    if (fresh.length === 0) return before;
    const own = this.fetch(fresh);
    this.coming = Promise.allSettled([before, own]);
    return Promise.all([before, own]);
  }

  private async fetch(fresh: readonly Area[]): Promise<void> {
    for (const area of fresh) this.areas.add(area);
    try {
      for (let locale = null; locale !== this.locale; ) {
        locale = this.locale;
        const loaded = await load(locale, fresh);
        if (locale === this.locale) this.tables = { ...this.tables, ...loaded };
      }
    } catch (error) {
      for (const area of fresh) this.areas.delete(area);
      throw error;
    }
  }

  /** Changes the language of everything on the page at once, after its texts have come. */
  async use(locale: Locale): Promise<void> {
    let tables: Table = {};
    for (let known = 0; known < this.areas.size; ) {
      known = this.areas.size; // an area asked for while these load belongs to the new language too
      tables = await load(locale, [...this.areas]);
    }
    this.tables = tables;
    this.locale = locale;
    document.documentElement.lang = locale;
    document.documentElement.dir = this.dir;
  }

  text(key: string, values: Values = {}): string {
    const text = this.tables[key];
    if (text === undefined) {
      if (import.meta.env.DEV) console.error(`no text for ${key}`);
      return key;
    }
    return typeof text === 'string' ? text : text(values, this.runtime);
  }

  private runtime: Runtime = {
    // Names and titles inside a sentence keep their own direction and do not disturb it.
    s: (value) => (typeof value === 'number' ? this.numbers.format(value) : `${ISOLATE}${value}${POP}`),
    n: (value) => this.numbers.format(value),
    p: (value, forms) => (forms[`=${value}`] ?? forms[this.rules.select(value)] ?? forms.other!)(),
    c: (value, forms) => (forms[value] ?? forms.other!)(),
  };
}

async function load(locale: Locale, areas: readonly Area[]): Promise<Table> {
  const { default: tables } = await index[locale]();
  const parts = await Promise.all(
    areas.map(async (area) => {
      const { default: table } = await tables[area]();
      return Object.entries(table).map(([key, text]) => [`${area}.${key}`, text] as const);
    }),
  );
  return Object.fromEntries(parts.flat());
}

export const language = new Language();

export function t<K extends Key>(key: K, ...given: Given<K>): string {
  return language.text(key, given[0] as Values | undefined);
}
