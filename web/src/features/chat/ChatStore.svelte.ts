/**
 * The chat of one session: its log, and one's own words on their way. A message keeps its key until the
 * log has it, over reloads too; so it is said once, or the writer knows that it was not.
 */
import { api as theApi, ApiError, sentence, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { newKey } from '~/net/keys';
import { follow, type Followed } from '~/net/live';
import type { Message, Person, Publication, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { readOutbox, writeOutbox, type Waiting } from './drafts';

/** sent: the server has it, the log not yet. failed: it was not taken; the words are still here. */
export interface Sending extends Waiting { state: 'sending' | 'sent' | 'failed'; fault: string | null }

export const MOST_LETTERS = 4_000;

export class ChatStore {
  messages = $state.raw<Message[]>([]);
  sending = $state.raw<Sending[]>([]);
  /** There are older ones to page back to. */
  more = $state(false);
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  /** Told of each message that came while the page is open. */
  onArrived: (message: Message) => void = () => {};
  private followed: Followed | null = null;
  private paging: Promise<void> | null = null;
  private readonly outbox: string;
  private readonly retry = (): void => this.sendAgain();

  constructor(
    readonly session: string,
    readonly me: Person,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {
    this.outbox = `${me.id}:${session}`;
  }

  open(): void {
    this.followed = follow<Snapshot<{ messages: Message[]; more: boolean }>>(this.live, {
      channel: `session:${this.session}`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/chat`, { signal }),
      reset: (rows) => this.reset(rows.messages, rows.more),
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
    for (const waiting of readOutbox(this.outbox)) this.put({ ...waiting, state: 'sending', fault: null });
    for (const one of this.sending) void this.deliver(one.key);
    addEventListener('online', this.retry);
  }

  close(): void {
    removeEventListener('online', this.retry);
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'message.posted') this.arrived(data.message as Message);
    if (name === 'message.edited' || name === 'message.deleted') this.changed(data.message as Message);
  }

  post(text: string): void {
    const one: Sending = { key: newKey(), text, at: new Date().toISOString(), state: 'sending', fault: null };
    this.put(one);
    void this.deliver(one.key);
  }

  /** Everything that was not taken, with the same keys: what did arrive is not said twice. */
  sendAgain(): void {
    for (const { key, state } of this.sending) if (state === 'failed') void this.deliver(key);
  }

  /** Given up by its writer. */
  discard(key: string): void {
    this.drop(key);
  }

  async edit(message: Message, text: string): Promise<void> {
    this.changed(await this.api.patch<Message>(`/api/messages/${message.id}`, { text }));
  }

  delete(message: Message): Promise<void> {
    return this.api.delete(`/api/messages/${message.id}`);
  }

  /** The page before the oldest one known; `before` runs just before the log grows at its beginning. */
  pageBack(before: () => void = () => {}): Promise<void> {
    if (!this.more || this.messages.length === 0) return Promise.resolve();
    this.paging ??= this.loadOlder(before).finally(() => (this.paging = null));
    return this.paging;
  }

  private async loadOlder(before: () => void): Promise<void> {
    const oldest = this.messages[0]!.id;
    const page = await this.api.get<{ messages: Message[]; more: boolean }>(`/api/sessions/${this.session}/messages?before=${oldest}&limit=50`);
    if (this.messages[0]?.id !== oldest) return;
    before();
    const known = new Set(this.messages.map(({ id }) => id));
    this.messages = [...page.messages.filter(({ id }) => !known.has(id)), ...this.messages];
    this.more = page.more;
  }

  /** A fresh newest page. What was paged back to stays when the two join without a gap. */
  private reset(messages: Message[], more: boolean): void {
    const joint = messages[0] ? this.messages.findIndex(({ id }) => id === messages[0]!.id) : -1;
    if (joint > 0) this.messages = [...this.messages.slice(0, joint), ...messages];
    else {
      this.messages = messages;
      this.more = more;
    }
    this.loaded = true;
    for (const { id } of messages) this.drop(id);
  }

  private arrived(message: Message): void {
    this.drop(message.id);
    if (this.messages.some(({ id }) => id === message.id)) return this.changed(message);
    this.messages = [...this.messages, message];
    this.onArrived(message);
  }

  private changed(message: Message): void {
    const place = this.messages.findIndex(({ id }) => id === message.id);
    if (place < 0 || this.messages[place]!.version > message.version) return;
    this.messages = this.messages.with(place, message);
  }

  private async deliver(key: string): Promise<void> {
    const one = this.sending.find((other) => other.key === key);
    if (!one) return;
    this.put({ ...one, state: 'sending', fault: null });
    try {
      await this.api.post<Message>(`/api/sessions/${this.session}/messages`, { text: one.text }, { key });
      // The log brings it at its place among the others' words.
      if (this.sending.some((other) => other.key === key)) this.put({ ...one, state: 'sent', fault: null });
    } catch (error) {
      if (!this.sending.some((other) => other.key === key)) return;
      this.put({ ...one, state: 'failed', fault: sentence(error) });
    }
  }

  private put(one: Sending): void {
    const place = this.sending.findIndex(({ key }) => key === one.key);
    this.keep(place < 0 ? [...this.sending, one] : this.sending.with(place, one));
  }

  private drop(key: string): void {
    if (this.sending.some((one) => one.key === key)) this.keep(this.sending.filter((one) => one.key !== key));
  }

  private keep(sending: Sending[]): void {
    this.sending = sending;
    writeOutbox(this.outbox, sending.map(({ key, text, at }) => ({ key, text, at })));
  }
}
