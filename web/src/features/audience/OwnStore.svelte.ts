/** What one has answered and whether one's hand is up: loaded when a tab or tool needs it, once for all of them. */
import { account } from '~/app/me.svelte';
import { api as theApi, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Hand, PollAnswer, Publication, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

type Rows = Snapshot<{ answers: PollAnswer[]; hand: Hand | null; place: number | null }>;

export class OwnStore {
  known = $state(false);
  answers = $state.raw<ReadonlyMap<string, Record<string, unknown>>>(new Map());
  hand = $state.raw<Hand | null>(null);
  /** Among the hands that wait, from 1; none while far behind, and for a called hand. */
  place = $state<number | null>(null);
  /** One's hand was called: said once for each call that happens while the page is open. */
  onCalled: () => void = () => {};
  private followed: Followed | null = null;
  private users = 0;

  constructor(
    readonly session: string,
    private readonly person: string = account.me?.person.id ?? '',
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    if (this.users++ > 0) return;
    this.followed = follow<Rows>(this.live, {
      channel: `person:${this.person}`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/mine`, { signal }),
      reset: (rows) => {
        this.answers = new Map(rows.answers.map(({ poll_id, answer }) => [poll_id, answer]));
        this.hand = rows.hand;
        this.place = rows.place;
        this.known = true;
      },
      publication: (publication) => this.apply(publication),
    });
  }

  close(): void {
    if (--this.users > 0) return;
    this.followed?.close();
    stores.delete(this.session);
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'poll.answered') this.take(data as unknown as PollAnswer);
    if (name === 'hand.lowered' && data.session_id === this.session) this.gone();
    if (name === 'hand.moved' && data.session_id === this.session) this.place = data.place as number | null;
    if (name === 'hand.raised' || name === 'hand.called') {
      const hand = data.hand as Hand;
      if (hand.session_id !== this.session) return;
      this.hand = hand;
      if (name !== 'hand.called') return;
      this.place = null;
      this.onCalled();
    }
  }

  async answer(poll: string, answer: Record<string, unknown>): Promise<void> {
    this.take(await this.api.put<PollAnswer>(`/api/polls/${poll}/answer`, { answer }));
  }

  async raise(): Promise<void> {
    this.hand = await this.api.put<Hand>(`/api/sessions/${this.session}/hand`);
  }

  async lower(): Promise<void> {
    await this.api.delete(`/api/sessions/${this.session}/hands/${this.person}`);
    this.gone();
  }

  private gone(): void {
    this.hand = null;
    this.place = null;
  }

  private take({ poll_id, answer }: PollAnswer): void {
    this.answers = new Map(this.answers).set(poll_id, answer);
  }
}

const stores = new Map<string, OwnStore>();

/** The store of a session, one for all that stands on its page. */
export function own(session: string): OwnStore {
  let store = stores.get(session);
  if (!store) stores.set(session, (store = new OwnStore(session)));
  return store;
}
