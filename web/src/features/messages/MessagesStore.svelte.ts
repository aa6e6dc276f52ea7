/** One's conversations in a conference: who, what was said last, how much of it is unread. */
import { account } from '~/app/me.svelte';
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Conversation, Publication, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

type Rows = Snapshot<{ open: boolean; conversations: Conversation[] }>;

/** A burst of messages asks for the list once. */
const TOGETHER_MS = 300;

export class MessagesStore {
  loaded = $state(false);
  open = $state(false);
  conversations = $state.raw<Conversation[]>([]);
  trouble = $state.raw<ApiError | null>(null);
  private followed: Followed | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly conference: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  start(): void {
    this.followed = follow<Rows>(this.live, {
      channel: `person:${account.me!.person.id}`,
      load: (signal) => this.load(signal),
      reset: (rows) => this.reset(rows),
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
    clearTimeout(this.timer);
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (data.conference_id !== this.conference || !name.startsWith('conversation.')) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.again(), TOGETHER_MS);
  }

  /** Up to here the reader has read: at once here, on the other devices by the server. */
  async seen(conversation: string, message: string): Promise<void> {
    this.conversations = this.conversations.map((one) => (one.id === conversation ? { ...one, unread: 0 } : one));
    await this.api.put(`/api/conversations/${conversation}/read`, { message_id: message });
  }

  async block(person: string, on: boolean): Promise<void> {
    const path = `/api/conferences/${this.conference}/blocks/${person}`;
    await (on ? this.api.put(path) : this.api.delete(path));
    await this.again();
  }

  private async again(): Promise<void> {
    try {
      this.reset(await this.load());
    } catch {
      // What is known stays; the next thing said asks again.
    }
  }

  private load(signal?: AbortSignal): Promise<Rows> {
    return this.api.get(`/api/conferences/${this.conference}/conversations`, signal ? { signal } : {});
  }

  private reset(rows: Rows): void {
    this.open = rows.open;
    this.conversations = rows.conversations;
    this.loaded = true;
  }
}
