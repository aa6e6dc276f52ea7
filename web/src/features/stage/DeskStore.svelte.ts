/** A stage from behind: who is on and behind it, and what can be asked of each. For those who may meet there. */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Desk, Publication, Publisher, Session, Snapshot, Standing } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import type { Speech } from './SessionStore.svelte';

export interface Wish { on_air?: boolean; muted?: boolean; place?: number }
export interface Card { card_ar: string; card_en: string; back_at: string | null }

export class DeskStore {
  desk = $state.raw<Desk | null>(null);
  /** Who speaks of those who are only behind the stage. */
  speech = $state.raw<Speech | null>(null);
  trouble = $state.raw<ApiError | null>(null);
  private followed: Followed | null = null;

  constructor(
    readonly session: string,
    private readonly me: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  get people(): Standing[] {
    return this.desk?.people ?? [];
  }

  /** All who send but oneself: one's own voice, from this browser or from OBS, must not come back. */
  get others(): Publisher[] {
    return this.people.filter(({ person }) => person.id !== this.me).flatMap(({ sending }) => sending).filter(({ slot }) => slot !== null);
  }

  get mine(): Standing | null {
    return this.people.find(({ person }) => person.id === this.me) ?? null;
  }

  open(): void {
    this.followed ??= follow<Snapshot<{ desk: Desk }>>(this.live, {
      channel: `session:${this.session}:backstage`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/stage`, { signal }),
      reset: ({ desk }) => (this.desk = desk),
      publication: (publication) => this.apply(publication),
      signal: ({ name, data }) => void (name === 'stage.speaking' && (this.speech = data as unknown as Speech)),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
    this.followed = null;
    this.desk = this.speech = null;
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'stage.directed') this.desk = data.desk as Desk;
  }

  async direct(person: string, wish: Wish): Promise<void> {
    this.take(await this.api.patch<Desk>(`/api/sessions/${this.session}/stage/${person}`, wish));
  }

  /** One place up or down among all; the places are counted anew, so that no two share one. */
  async shift(person: string, by: -1 | 1): Promise<void> {
    const order = this.people.map((one) => one.person.id);
    const at = order.indexOf(person);
    const to = at + by;
    if (at < 0 || to < 0 || to >= order.length) return;
    order.splice(to, 0, ...order.splice(at, 1));
    await Promise.all(order.map((id, place) => (this.people.find((one) => one.person.id === id)?.place === place + 1 ? null : this.direct(id, { place: place + 1 }))));
  }

  sendOff(person: string): Promise<void> {
    return this.api.delete(`/api/sessions/${this.session}/stage/${person}/guest`);
  }

  async showFilm(film: string, on: boolean): Promise<void> {
    const path = `/api/sessions/${this.session}/films/${film}/air`;
    this.take(await (on ? this.api.put<Desk>(path) : this.api.delete<Desk>(path)));
  }

  removeFilm(film: string): Promise<void> {
    return this.api.delete(`/api/films/${film}`);
  }

  setCard(card: Card): Promise<Session> {
    return this.api.put<Session>(`/api/sessions/${this.session}/waiting-card`, card);
  }

  rehearse(): Promise<Session> {
    return this.api.post<Session>(`/api/sessions/${this.session}/rehearsal`);
  }

  endRehearsal(of: string): Promise<void> {
    return this.api.delete(`/api/sessions/${of}/rehearsal`);
  }

  private take(desk: Desk): void {
    if (!this.desk || desk.version >= this.desk.version) this.desk = desk;
  }
}
