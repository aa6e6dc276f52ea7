/** Raised hands, in the order in which they went up. */
import { api as theApi, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Hand, Publication, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export class HandsStore {
  hands = $state.raw<Hand[]>([]);
  loaded = $state(false);
  private followed: Followed | null = null;

  constructor(
    readonly session: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = follow<Snapshot<{ hands: Hand[] }>>(this.live, {
      channel: `session:${this.session}:moderation`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/hands`, { signal }),
      reset: (rows) => {
        this.hands = rows.hands;
        this.loaded = true;
      },
      publication: (publication) => this.apply(publication),
    });
  }

  close(): void {
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'hand.lowered') this.hands = this.hands.filter(({ person }) => person.id !== data.person_id);
    if (name === 'hand.raised' || name === 'hand.called') this.take(data.hand as Hand);
  }

  async call(hand: Hand): Promise<void> {
    this.take(await this.api.post<Hand>(`/api/sessions/${this.session}/hands/${hand.person.id}/call`));
  }

  async lower(hand: Hand): Promise<void> {
    await this.api.delete(`/api/sessions/${this.session}/hands/${hand.person.id}`);
    this.apply({ name: 'hand.lowered', data: { person_id: hand.person.id } });
  }

  private take(hand: Hand): void {
    const known = this.hands.some(({ person }) => person.id === hand.person.id);
    this.hands = known ? this.hands.map((other) => (other.person.id === hand.person.id ? hand : other)) : [...this.hands, hand];
  }
}
