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

/**
 * sent: the server has it, the log not yet. held: a moderator will look. failed: not taken; the words are still here.
 * refused: a moderator looked. final: as they are, the words will not be taken.
 */
export interface Sending extends Waiting { state: 'sending' | 'sent' | 'held' | 'failed' | 'refused'; fault: string | null; final?: boolean }
export type Told = Pick<Publication, 'name' | 'data'>;
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
  /** Told what the server made of one's own words: without an error, it has them. */
  onAnswered: (error?: unknown) => void = () => {};
  /** Asked before fresh rows take the log's place: whether the reader stands elsewhere, and is seen to. */
  onFresh: (rows: Page) => boolean = () => false;
  /** What is told while a page is on its way, which may be older. */
  told: Told[] | null = null;
  private followed: Followed | null = null;
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
        this.pins = rows.pins ?? [];
        this.rules = rows.rules ?? null;
        if (!this.onFresh(rows)) this.show(rows);
        this.loaded = true;
        for (const { id } of rows.messages) this.discard(id);
      },
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
    for (const waiting of readOutbox(this.outbox)) this.put({ ...waiting, state: 'sending', fault: null });
    for (const one of this.sending) void this.deliver(one.key, true);
    addEventListener('online', this.retry);
  }

  close(): void {
    removeEventListener('online', this.retry);
    this.followed?.close();
  }

  /** `again`: to a page that came later. */
  apply({ name, data }: Told, again = false): void {
    if (!again) this.told?.push({ name, data });
    if (name === 'message.posted') this.arrived(data.message as Message, again);
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
    for (const { key, state } of this.sending) if (state === 'failed') void this.deliver(key, true);
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

  quote({ quoted }: Pick<Page, 'quoted'>): void {
    if (quoted?.length) this.quoted = new Map([...this.quoted, ...quoted.map((message) => [message.id, message] as const)]);
  }

  private signed(id: string, signs: Message['signs']): void {
    const message = this.find(id);
    if (message) this.changed({ ...message, signs });
  }

  private arrived(message: Message, again: boolean): void {
    this.discard(message.id);
    if (this.messages.some(({ id }) => id === message.id)) return this.changed(message);
    if (!this.apart) this.messages = [...this.messages, message];
    if (!again) this.onArrived(message);
  }

  changed(message: Message): void {
    const pins = this.pins.filter(({ id }) => id !== message.id);
    if (message.pinned || pins.length < this.pins.length) this.pins = message.pinned ? [...pins, message] : pins;
    if (this.quoted.has(message.id)) this.quoted = new Map(this.quoted).set(message.id, message);
    const place = this.messages.findIndex(({ id }) => id === message.id);
    if (place < 0 || this.messages[place]!.version > message.version) return;
    this.messages = this.messages.with(place, message);
  }

  private async deliver(key: string, again = false): Promise<void> {
    const one = this.sending.find((other) => other.key === key);
    if (!one) return;
    const put = (state: Sending['state'], fault: string | null = null, final = false): void => this.put({ ...one, state, fault, final });
    const waits = (): boolean => this.sending.some((other) => other.key === key && other.state === 'sending');
    put('sending');
    try {
      const { state } = await this.api.post<Message>(`${this.path}/messages`, { text: one.text, ...one.more }, { key });
      this.onAnswered();
      if (!waits()) return;
      // The log brings it at its place among the others' words. Said before, it may stand far up there by now, and
      // the answer is the one of that time: what waits, or was refused, is known to the extras.
      if (again) this.discard(key);
      else put(state === 'held' ? 'held' : 'sent');
    } catch (error) {
      this.onAnswered(error);
      if (waits()) put('failed', sentence(error), !(error as ApiError).passing);
    }
  }

  put(one: Sending): void {
    const place = this.sending.findIndex(({ key }) => key === one.key);
    this.keep(place < 0 ? [...this.sending, one] : this.sending.with(place, one));
  }

  /** Given up by its writer, or in the log by now. */
  discard(key: string): void {
    if (this.sending.some((one) => one.key === key)) this.keep(this.sending.filter((one) => one.key !== key));
  }

  private keep(sending: Sending[]): void {
    this.sending = sending;
    writeOutbox(this.outbox, sending.filter(({ state }) => state === 'sending' || state === 'failed').map(({ key, text, at, more }) => ({ key, text, at, ...(more ? { more } : {}) })));
  }
}
