/** The polls of a session: as everybody sees them, or as the desk does. */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { newKey } from '~/net/keys';
import { follow, type Followed } from '~/net/live';
import type { Poll, Publication, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export interface PollDraft { kind: string; text: string; settings: Record<string, unknown>; results: Poll['results']; may_change: boolean }

export class PollsStore {
  polls = $state.raw<Poll[]>([]);
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  /** Told of each poll that opens while the page is open. */
  onOpened: (poll: Poll) => void = () => {};
  private followed: Followed | null = null;

  constructor(
    readonly session: string,
    private readonly desk = false,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = follow<Snapshot<{ polls: Poll[] }>>(this.live, {
      channel: `session:${this.session}${this.desk ? ':moderation' : ''}`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/polls${this.desk ? '/desk' : ''}`, { signal }),
      reset: (rows) => {
        this.polls = rows.polls;
        this.loaded = true;
      },
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'poll.tallied') {
      const { poll_id, voters, sums, tally } = data as Pick<Poll, 'voters' | 'sums' | 'tally'> & { poll_id: string };
      this.polls = this.polls.map((poll) => (poll.id === poll_id && tally >= poll.tally ? { ...poll, voters, sums, tally } : poll));
    } else if (name === 'poll.deleted') this.polls = this.polls.filter(({ id }) => id !== data.poll_id);
    else if (data.poll) {
      this.take(data.poll as Poll);
      if (name === 'poll.opened') this.onOpened(data.poll as Poll);
    }
  }

  /** A draft under its key, so that a second try makes no second poll; or a change of one. */
  async save(draft: PollDraft, id: string | null, key: string = newKey()): Promise<void> {
    const { kind: _, ...change } = draft;
    this.take(id ? await this.api.patch<Poll>(`/api/polls/${id}`, change) : await this.api.post<Poll>(`/api/sessions/${this.session}/polls`, draft, { key }));
  }

  async move(poll: Poll, to: 'open' | 'close'): Promise<void> {
    this.take(await this.api.post<Poll>(`/api/polls/${poll.id}/${to}`));
  }

  async hide(poll: Poll, key: string, hidden: boolean): Promise<void> {
    this.take(await this.api.post<Poll>(`/api/polls/${poll.id}/hide`, { key, hidden }));
  }

  async remove(poll: Poll): Promise<void> {
    await this.api.delete(`/api/polls/${poll.id}`);
    this.apply({ name: 'poll.deleted', data: { poll_id: poll.id } });
  }

  private take(poll: Poll): void {
    const old = this.polls.find(({ id }) => id === poll.id);
    if (old && old.version > poll.version) return;
    this.polls = old ? this.polls.map((other) => (other.id === poll.id ? poll : other)) : [...this.polls, poll];
  }
}
