/** One session as everybody sees it: its plan, its stage, who is here and who is typing. */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Person, Publication, Publisher, Session, SessionState, Signal, Snapshot, Stage } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { Typists } from '../chat/Typists.svelte';

/** Who speaks, the loudest first, and who leads. */
export interface Speech { main: string | null; speaking: { publisher: string }[] }
export interface Presence { count: number; people: Person[] | null }

export class SessionStore extends Typists {
  session = $state.raw<Session | null>(null);
  stage = $state.raw<Stage | null>(null);
  presence = $state.raw<Presence | null>(null);
  speech = $state.raw<Speech | null>(null);
  trouble = $state.raw<ApiError | null>(null);
  private followed: Followed | null = null;

  constructor(
    readonly id: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {
    super();
  }

  /** Those on air, in the order the desk gave them. */
  get onAir(): Publisher[] {
    return (this.stage?.publishers ?? []).filter((publisher) => publisher.on_air && publisher.slot !== null);
  }

  open(): void {
    this.followed = follow<Snapshot<{ session: Session; stage: Stage }>>(this.live, {
      channel: `session:${this.id}`,
      load: (signal) => this.api.get(`/api/sessions/${this.id}`, { signal }),
      reset: (rows) => {
        this.session = rows.session;
        this.stage = rows.stage;
      },
      publication: (publication) => this.apply(publication),
      signal: (signal) => this.hear(signal),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
    this.quiet();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'session.changed') this.take(data.session as Session);
    if (name === 'stage.changed') this.stage = data.stage as Stage;
  }

  hear({ name, data }: Pick<Signal, 'name' | 'data'>): void {
    if (name === 'stage.speaking') this.speech = data as unknown as Speech;
    if (name === 'presence') {
      this.presence = data as unknown as Presence;
      if (this.presence.people) this.stayed(this.presence.people);
    }
    if (name === 'typing') this.typed(data.people as Person[] | undefined);
  }

  protected signalTyping(): void {
    this.followed?.signal('typing', {});
  }

  async move(state: SessionState): Promise<void> {
    this.take(await this.api.post<Session>(`/api/sessions/${this.id}/state`, { state }));
  }

  private take(session: Session): void {
    if (!this.session || session.version >= this.session.version) this.session = session;
  }
}
