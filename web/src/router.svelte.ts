/** Addresses to pages. Links are plain `<a href>`; this file turns them into page changes without a reload. */
import { language } from '~/i18n/t.svelte';
import type { Component } from 'svelte';
import { first } from './first';
import type { Route } from './routes';

export type Params = Record<string, string>;
export interface Page { route: Route | null; params: Params; view: Component<{ params: Params }> | null; failed: boolean; path: string; search: string }

const compile = (route: Route): { route: Route; names: string[]; pattern: RegExp } => ({
  route,
  names: [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1]!),
  pattern: new RegExp(`^${route.path.replace(/:\w+/g, '([^/]+)')}/?$`),
});
let compiled = first.map(compile);
let whole = false;

/** Until the whole table has come, a link elsewhere is an ordinary one. */
export async function knowAll(): Promise<void> {
  const { routes } = await import('./routes');
  if (!whole) compiled = [...compiled, ...routes.map(compile)];
  whole = true;
}

export function match(path: string): { route: Route; params: Params } | null {
  for (const { route, names, pattern } of compiled) {
    const found = pattern.exec(path);
    if (found) return { route, params: Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(found[at + 1]!)])) };
  }
  return null;
}

class Router {
  page = $state.raw<Page>({ route: null, params: {}, view: null, failed: false, path: '', search: '' });
  /** Grows with every page change: the frame then moves focus to the page's heading. */
  changes = $state(0);
  private turn = 0;
  /** The address last asked for, without what is after its #. */
  private at = '';

  start(): Promise<void> {
    // What is after the # alone is the page's own affair.
    addEventListener('popstate', () => location.pathname + location.search !== this.at && void this.show());
    document.addEventListener('click', (event) => this.clicked(event));
    return this.show();
  }

  go(path: string, options: { replace?: boolean } = {}): void {
    if (options.replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    void this.show().then(() => !location.hash && scrollTo(0, 0));
  }

  /** Loads code and texts of the address side by side, then changes the page in one step. */
  async show(): Promise<void> {
    const turn = ++this.turn;
    const { pathname: path, search } = location;
    this.at = path + search;
    let next: Page = { route: null, params: {}, view: null, failed: false, path, search };
    let found = match(path);
    if (!found && !whole) {
      try {
        await knowAll();
      } catch {
        next.failed = true;
      }
      found = match(path);
    }
    if (found) {
      try {
        const [module] = await Promise.all([found.route.page(), language.need(...found.route.words)]);
        next = { ...next, ...found, view: module.default };
      } catch {
        next = { ...next, ...found, failed: true };
      }
    }
    if (turn !== this.turn) return;
    this.page = next;
    this.changes++;
  }

  private clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (!match(link.pathname) || (link.hash && link.pathname === location.pathname)) return;
    event.preventDefault();
    // The same address again leads to the same place again: the reader may have gone on from it.
    this.go(link.pathname + link.search + link.hash, { replace: link.href === location.href });
  }
}

export const router = new Router();
