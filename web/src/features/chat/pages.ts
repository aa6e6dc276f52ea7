/**
 * The log's other pages: older ones, the place of a message, the newest again. A page is as old as its question, so what
 * was told while it was on its way is told to it once more.
 */
import { api as theApi, type Api } from '~/net/api';
import type { ChatStore, Page, Told } from './ChatStore.svelte';

/** Where the reader stands, when it is not at the newest, and how they are brought there. */
export interface Place {
  place(): string | null;
  toPlace(message: string): void;
}

export class Pages {
  /** What is being gone to: a message, or null for the newest. */
  private goal: string | null | undefined;

  constructor(
    private readonly store: ChatStore,
    private readonly reader: Place,
    private readonly api: Api = theApi,
  ) {
    store.onFresh = (rows) => this.fresh(rows);
  }

  /** The log round a message, or at its newest. */
  go(to: string | null): Promise<void> {
    return this.turn(to, to === null ? '' : `around=${to}&`, (page) => this.store.show(page));
  }

  /** The page before the oldest one known; `before` runs just before the log grows at its beginning. */
  async older(before: () => void = () => {}): Promise<void> {
    const oldest = this.store.messages[0]?.id;
    if (!this.store.more || !oldest || this.store.told) return;
    await this.turn(undefined, `before=${oldest}&`, (page) => {
      before();
      this.store.quote(page);
      this.store.messages = [...page.messages, ...this.store.messages];
      this.store.more = page.more;
    });
  }

  /** History was lost: nothing in the log is sure any more. Who reads further up stays there, with true words. */
  private fresh(rows: Page): boolean {
    const to = this.goal === undefined ? this.reader.place() : this.goal;
    this.store.told = null; // what is on its way is older than this
    this.goal = undefined;
    if (to === null) return false;
    const put = (page: Page): void => {
      this.store.show(page);
      if (page !== rows) this.reader.toPlace(to);
    };
    void this.turn(to, `around=${to}&`, put, rows);
    return true;
  }

  /** Asks for a page and puts it in place, unless another was asked for since. */
  private async turn(goal: string | null | undefined, query: string, put: (page: Page) => void, otherwise?: Page): Promise<void> {
    const { store } = this;
    const told: Told[] = (store.told = []);
    this.goal = goal;
    let page = otherwise;
    let fault: unknown;
    try {
      page = await this.api.get<Page>(`${store.path}/messages?${query}limit=50`);
    } catch (error) {
      fault = error;
    }
    if (store.told !== told) return;
    store.told = null;
    this.goal = undefined;
    if (!page) throw fault;
    put(page);
    for (const one of told) store.apply(one, true);
  }
}
