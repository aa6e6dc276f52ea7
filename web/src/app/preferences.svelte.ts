/** What this browser remembers: theme, digits, and which clock the programme shows. */
import { language, type Locale } from '~/i18n/t.svelte';

export type Theme = 'auto' | 'light' | 'dark';
export type Clock = 'mine' | 'theirs';

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // A private window without storage: the choice lasts as long as the page.
  }
}

class Preferences {
  theme = $state<Theme>((read('theme') as Theme | null) ?? 'auto');
  hijri = $state(read('calendar') === 'hijri');
  clock = $state<Clock>(read('clock') === 'theirs' ? 'theirs' : 'mine');

  setTheme(theme: Theme): void {
    this.theme = theme;
    write('theme', theme === 'auto' ? null : theme);
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  setHijri(on: boolean): void {
    this.hijri = on;
    write('calendar', on ? 'hijri' : null);
  }

  setClock(clock: Clock): void {
    this.clock = clock;
    write('clock', clock);
  }

  setDigits(digits: 'arab' | 'latn'): void {
    language.digits = digits;
    write('digits', digits);
  }

  /** A stranger's language travels in a cookie, so that the shell comes in it next time. */
  rememberLocale(locale: Locale): void {
    document.cookie = `locale=${locale}; Path=/; Max-Age=31536000; SameSite=Lax`;
  }

  /** The digits of the reader's own kind of Arabic, until they choose. */
  startDigits(): void {
    const chosen = read('digits');
    const own = navigator.languages.find((tag) => tag.startsWith('ar')) ?? 'ar';
    const usual = new Intl.NumberFormat(own).resolvedOptions().numberingSystem;
    language.digits = (chosen ?? usual) === 'arab' ? 'arab' : 'latn';
  }
}

export const preferences = new Preferences();
