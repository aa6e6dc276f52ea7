/**
 * A chat, of a session or of a conversation: its log, and one's own words on their way. A message keeps its key until the
 * log has it, over reloads too; so it is said once, or the writer knows that it was not.
 */
import { api as theApi, sentence, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { newKey } from '~/net/keys';
import { follow, type Followed } from '~/net/live';
import type { ChatRules, Message, Person, Publication, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { readOutbox, writeOutbox, type Waiting } from './drafts';

/** sent: the server has it, the log not yet. held: a moderator will look. failed: not taken; the words are still here. refused: they will not be as they are. */
export interface Sending extends Waiting { state: 'sending' | 'sent' | 'held' | 'failed'; fault: string | null; refused?: boolean }
export type Page = { messages: Message[]; more: boolean; quoted: Message[]; newer?: boolean };

export const MOST_LETTERS = 4_000;

export class ChatStore {
  messages = $state.raw<Message[]>([]);
  sending = $state.raw<Sending[]>([]);
  /** There are older ones to page back to. */
  more = $state(false);
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  /** Older messages that are answered to, by id. */
  quoted = $state.raw<ReadonlyMap<string, Message>>(new Map());
  pins = $state.raw<Message[]>([]);
  rules = $state.raw<ChatRules | null>(null);
  /** The log stands at an older place: what comes is not shown until it is at the newest again. */
  apart = $state(false);
  /** Told of each message that came while the page is open. */
  onArrived: (message: Message) => void = () => {};
  private followed: Followed | null = null;
  private paging: Promise<void> | null = null;
  private readonly outbox: string;
  readonly path: string;
  private readonly retry = (): void => this.sendAgain();

  constructor(
    readonly session: string,
    readonly me: Person,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
    private readonly kind: 'session' | 'conversation' = 'session',
  ) {
    this.outbox = `${me.id}:${session}`;
    this.path = `/api/${kind}s/${session}`;
  }

  open(): void {
    this.followed = follow<Snapshot<Page & { pins: Message[]; rules: ChatRules }>>(this.live, {
      channel: `${this.kind}:${this.session}`,
      load: (signal) => this.api.get(`${this.path}/chat`, { signal }),
      reset: (rows) => {
        this.apart = false;
        this.pins = rows.pins ?? [];
        this.rules = rows.rules ?? null;
        this.quote(rows);
        this.reset(rows.messages, rows.more);
      },
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
    else if (name === 'message.signed') this.signed(String(data.message_id), data.signs as Message['signs']);
    else if (name === 'rules.changed') this.rules = data.rules as ChatRules;
    else if (name.startsWith('message.')) this.changed(data.message as Message);
  }

  post(text: string, more: Waiting['more'] = {}): void {
    const one: Sending = { key: newKey(), text, at: new Date().toISOString(), more, state: 'sending', fault: null };
    this.put(one);
    void this.deliver(one.key);
  }

  /** Everything that was not taken, with the same keys: what did arrive is not said twice. */
  sendAgain(): void {
    for (const { key, state } of this.sending) if (state === 'failed') void this.deliver(key);
  }

  /** It waits for a moderator. */
  hold({ id, text, at }: Message): void {
    if (!this.find(id)) this.put({ key: id, text, at, state: 'held', fault: null });
  }

  /** A moderator kept it back. */
  refused(key: string, fault: string): void {
    const one = this.sending.find((other) => other.key === key);
    if (one) this.put({ ...one, state: 'failed', fault, refused: true });
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
    const page = await this.api.get<Page>(`${this.path}/messages?before=${oldest}&limit=50`);
    if (this.messages[0]?.id !== oldest) return;
    before();
    this.quote(page);
    const known = new Set(this.messages.map(({ id }) => id));
    this.messages = [...page.messages.filter(({ id }) => !known.has(id)), ...this.messages];
    this.more = page.more;
  }

  /** The log at another place: round a message, or at the newest again. */
  show(page: Page): void {
    this.apart = page.newer === true;
    this.quote(page);
    this.messages = page.messages;
    this.more = page.more;
  }

  find(id: string): Message | undefined {
    return this.messages.find((message) => message.id === id) ?? this.quoted.get(id);
  }

  private quote({ quoted }: Pick<Page, 'quoted'>): void {
    if (quoted?.length) this.quoted = new Map([...this.quoted, ...quoted.map((message) => [message.id, message] as const)]);
  }

  private signed(id: string, signs: Message['signs']): void {
    const message = this.find(id);
    if (message) this.changed({ ...message, signs });
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
    for (const { id } of messages) this.discard(id);
  }

  private arrived(message: Message): void {
    this.discard(message.id);
    if (this.messages.some(({ id }) => id === message.id)) return this.changed(message);
    if (!this.apart) this.messages = [...this.messages, message];
    this.onArrived(message);
  }

  private changed(message: Message): void {
    const pins = this.pins.filter(({ id }) => id !== message.id);
    if (message.pinned || pins.length < this.pins.length) this.pins = message.pinned ? [...pins, message] : pins;
    if (this.quoted.has(message.id)) this.quoted = new Map(this.quoted).set(message.id, message);
    const place = this.messages.findIndex(({ id }) => id === message.id);
    if (place < 0 || this.messages[place]!.version > message.version) return;
    this.messages = this.messages.with(place, message);
  }

  private async deliver(key: string): Promise<void> {
    const one = this.sending.find((other) => other.key === key);
    if (!one) return;
    this.put({ ...one, state: 'sending', fault: null });
    try {
      const { state } = await this.api.post<Message>(`${this.path}/messages`, { text: one.text, ...one.more }, { key });
      // The log brings it at its place among the others' words; what waits is shown by the extras.
      if (this.sending.some((other) => other.key === key)) this.put({ ...one, state: state === 'held' ? 'held' : 'sent', fault: null });
    } catch (error) {
      if (this.sending.some((other) => other.key === key)) this.put({ ...one, state: 'failed', fault: sentence(error), refused: !(error as ApiError).passing });
    }
  }

  private put(one: Sending): void {
    const place = this.sending.findIndex(({ key }) => key === one.key);
    this.keep(place < 0 ? [...this.sending, one] : this.sending.with(place, one));
  }

  /** Given up by its writer, or in the log by now. */
  discard(key: string): void {
    if (this.sending.some((one) => one.key === key)) this.keep(this.sending.filter((one) => one.key !== key));
  }

  private keep(sending: Sending[]): void {
    this.sending = sending;
    writeOutbox(this.outbox, sending.filter(({ state }) => state !== 'held').map(({ key, text, at, more }) => ({ key, text, at, ...(more ? { more } : {}) })));
  }
}
