/** What the audience may do here, and the reactions that pass by. */
import { api as theApi, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { ChatRules, Interaction, Publication, Signal, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

/** In this order; the server takes no others. */
export const REACTIONS = { clap: '👏', heart: '❤️', laugh: '😄', wow: '😮', thumb: '👍', thanks: '🙏' } as const;
export type Reaction = keyof typeof REACTIONS;

/** One's own taps are gathered this long: a hundred taps are a few frames. */
const GATHER_MS = 500;
const MOST_TAPS = 10;

export class AudienceStore {
  rules = $state.raw<Interaction | null>(null);
  /** The session is calmed: hands rest. */
  calm = $state(false);
  onReactions: (sums: Partial<Record<Reaction, number>>) => void = () => {};
  private followed: Followed | null = null;
  private users = 0;
  private taps: Partial<Record<Reaction, number>> = {};
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly session: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    if (this.users++ > 0) return;
    this.followed = follow<Snapshot<{ interaction: Interaction; calm: boolean }>>(this.live, {
      channel: `session:${this.session}`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/interaction`, { signal }),
      reset: (rows) => {
        this.rules = rows.interaction;
        this.calm = rows.calm;
      },
      publication: (publication) => this.apply(publication),
      signal: ({ name, data }: Signal) => {
        if (name === 'reaction') this.onReactions(data.sums as Partial<Record<Reaction, number>>);
      },
    });
  }

  close(): void {
    this.send();
    if (--this.users > 0) return;
    this.followed?.close();
    stores.delete(this.session);
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'rules.changed') this.calm = (data.rules as ChatRules).calm;
    const told = data.interaction as Interaction;
    if (name === 'interaction.changed' && (!this.rules || told.version >= this.rules.version)) this.rules = told;
  }

  react(reaction: Reaction): void {
    const given = Object.values(this.taps).reduce((sum, count) => sum + count, 0);
    if (given >= MOST_TAPS) return;
    this.taps[reaction] = (this.taps[reaction] ?? 0) + 1;
    this.timer ??= setTimeout(() => this.send(), GATHER_MS);
  }

  async change(wish: Partial<Interaction>): Promise<void> {
    this.apply({ name: 'interaction.changed', data: { interaction: await this.api.patch<Interaction>(`/api/sessions/${this.session}/interaction`, wish) } });
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (Object.keys(this.taps).length > 0) this.followed?.signal('reaction', { sums: this.taps });
    this.taps = {};
  }
}

const stores = new Map<string, AudienceStore>();

/** The store of a session, one for all that stands on its page. */
export function audience(session: string): AudienceStore {
  let store = stores.get(session);
  if (!store) stores.set(session, (store = new AudienceStore(session)));
  return store;
}
