/** Everybody who registered, as the organiser searches and decides. Read again when a newcomer is announced. */
import { account } from '~/app/me.svelte';
import { api as theApi, ApiError, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { PersonalLink, RegistrationRow, Registrations, RegistrationState } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export type Decision = 'approve' | 'refuse' | 'revoke';
const PATIENCE_MS = 300;
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
      if (name === 'people.changed' || name === 'notification.told') this.soon();
    };
    const nothing = { load: () => Promise.resolve({}), reset: () => {}, headFirst: true, publication: again };
    this.followed = [`conference:${this.id}`, `person:${account.me!.person.id}`].map((channel) => follow(this.live, { channel, ...nothing }));
  }

  close(): void {
    clearTimeout(this.timer);
    for (const one of this.followed) one.close();
  }

  /** After a pause in typing, and once for many newcomers. */
  soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), PATIENCE_MS);
  }

  async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const seen = await this.api.get<Registrations>(`${this.path}?${this.query(0)}`);
      if (turn !== this.turn) return;
      this.seen = seen;
      this.rows = seen.registrations;
      const there = new Set(seen.registrations.map(({ id }) => id));
      this.chosen = new Set([...this.chosen].filter((id) => there.has(id)));
      this.trouble = null;
    } catch (error) {
      this.trouble = error instanceof ApiError ? error : new ApiError(0, 'client.fault', String(error));
    }
  }

  async more(): Promise<void> {
    const next = await this.api.get<Registrations>(`${this.path}?${this.query(this.rows!.length)}`);
    this.rows = [...this.rows!, ...next.registrations];
  }

  async decide(ids: string[], decision: Decision): Promise<Decided> {
    const done: Decided = { changed: 0, waiting: 0, left: 0 };
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const some = await this.api.post<Decided>(`${this.path}/decide`, { ids: ids.slice(at, at + AT_ONCE), decision });
      for (const name of ['changed', 'waiting', 'left'] as const) done[name] += some[name];
    }
    this.chosen = new Set();
    await this.load();
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
