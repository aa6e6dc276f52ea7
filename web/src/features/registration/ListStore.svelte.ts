/** Everybody who registered, as the organiser searches and decides. Read again when a newcomer is announced. */
import { account } from '~/app/me.svelte';
import { api as theApi, ApiError, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { PersonalLink, RegistrationRow, Registrations, RegistrationState } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export type Decision = 'approve' | 'refuse' | 'revoke';
const PATIENCE_MS = 300;
/** The server tells so many at once. */
const PAGE = 100;
/** The server decides on so many in one command. */
const AT_ONCE = 200;

/** What came of deciding on several; `left` could not be decided so. */
export interface Decided { changed: number; waiting: number; left: number }

export class ListStore {
  rows = $state.raw<RegistrationRow[] | null>(null);
  seen = $state.raw<Registrations | null>(null);
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  words = $state('');
  state = $state<RegistrationState | ''>('');
  trouble = $state<ApiError | null>(null);
  private readonly path: string;
  private followed: Followed[] = [];
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly id: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {
    this.path = `/api/conferences/${id}/registrations`;
  }

  open(): void {
    void this.load();
    const again = ({ name }: { name: string }): void => {
      if (name === 'people.changed' || name === 'notification.told') this.soon(() => this.refresh());
    };
    const nothing = { load: () => Promise.resolve({}), reset: () => {}, headFirst: true, publication: again };
    this.followed = [`conference:${this.id}`, `person:${account.me!.person.id}`].map((channel) => follow(this.live, { channel, ...nothing }));
  }

  close(): void {
    clearTimeout(this.timer);
    for (const one of this.followed) one.close();
  }

  /** After a pause in typing, and once for many newcomers. */
  soon(read: () => Promise<void> = () => this.load()): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void read(), PATIENCE_MS);
  }

  /** From the beginning: something else is looked for. */
  load(): Promise<void> {
    return this.read(1);
  }

  /** As far as it was read: who comes stands at the end, so that nothing moves and what is chosen stays so. */
  refresh(): Promise<void> {
    return this.read(Math.max(1, Math.ceil((this.rows?.length ?? 0) / PAGE)));
  }

  private async read(pages: number): Promise<void> {
    const turn = ++this.turn;
    try {
      let seen: Registrations | undefined;
      const rows = new Map<string, RegistrationRow>();
      for (let page = 0; page < pages; page++) {
        seen = await this.api.get<Registrations>(`${this.path}?${this.query(page * PAGE)}`);
        if (turn !== this.turn) return;
        for (const row of seen.registrations) rows.set(row.id, row);
        if (seen.registrations.length < PAGE) break;
      }
      this.seen = seen!;
      this.rows = [...rows.values()];
      const there = new Set(rows.keys());
      this.chosen = new Set([...this.chosen].filter((id) => there.has(id)));
      this.trouble = null;
    } catch (error) {
      this.trouble = error instanceof ApiError ? error : new ApiError(0, 'client.fault', String(error));
    }
  }

  async more(): Promise<void> {
    const turn = this.turn;
    const next = await this.api.get<Registrations>(`${this.path}?${this.query(this.rows!.length)}`);
    if (turn !== this.turn) return;
    const known = new Set(this.rows!.map(({ id }) => id));
    this.rows = [...this.rows!, ...next.registrations.filter(({ id }) => !known.has(id))];
  }

  async decide(ids: string[], decision: Decision): Promise<Decided> {
    const done: Decided = { changed: 0, waiting: 0, left: 0 };
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const some = await this.api.post<Decided>(`${this.path}/decide`, { ids: ids.slice(at, at + AT_ONCE), decision });
      for (const name of ['changed', 'waiting', 'left'] as const) done[name] += some[name];
    }
    this.chosen = new Set();
    await this.refresh();
    return done;
  }

  hand(id: string): Promise<{ link: PersonalLink | null; mailed: boolean }> {
    return this.api.post(`/api/registrations/${id}/link`);
  }

  sheet(): Promise<{ name: string; csv: string }> {
    return this.api.get(`${this.path}/sheet`);
  }

  count(state: RegistrationState): number {
    return this.seen?.counts.find((one) => one.state === state)?.count ?? 0;
  }

  choose(id: string, on: boolean): void {
    const next = new Set(this.chosen);
    if (on) next.add(id);
    else next.delete(id);
    this.chosen = next;
  }

  private query(after: number): string {
    const asked = new URLSearchParams();
    if (this.words.trim()) asked.set('q', this.words.trim());
    if (this.state) asked.set('state', this.state);
    if (after) asked.set('after', String(after));
    return asked.toString();
  }
}
