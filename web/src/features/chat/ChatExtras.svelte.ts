/**
 * What a chat knows of the reader alone: what of theirs waits for a moderator, the signs they gave, whether
 * they may write now. It comes after the page works; without it one reads and writes plainly.
 */
import { t } from '~/i18n/t.svelte';
import { api as theApi, ApiError, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { ChatMine, Held, Message, Publication, Silence } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import type { ChatStore } from './ChatStore.svelte';

export type Sign = 'thumb' | 'heart' | 'clap' | 'laugh' | 'wow' | 'sad';
export const SIGNS: readonly (readonly [Sign, string])[] = [['thumb', '👍'], ['heart', '❤️'], ['clap', '👏'], ['laugh', '😄'], ['wow', '😮'], ['sad', '😢']];

const ASK_EVERY_MS = 20_000;

export class ChatExtras {
  signs = $state.raw<ReadonlyMap<string, ReadonlySet<Sign>>>(new Map());
  silenced = $state(false);
  exempt = $state(true);
  /** Somebody named the reader: told aloud, where they wish. */
  onMentioned: (message: string) => void = () => {};
  private freeAt = $state(0);
  private now = $state(Date.now());
  private clock: ReturnType<typeof setInterval> | null = null;
  private asking: ReturnType<typeof setInterval> | null = null;
  private followed: Followed | null = null;

  private get slowS(): number {
    return this.exempt ? 0 : (this.chat.rules?.slow_s ?? 0);
  }
  /** Never longer than the rules ask for now: when slow mode ends, nobody waits on. */
  readonly waitS = $derived(Math.min(this.slowS, Math.max(0, Math.ceil((this.freeAt - this.now) / 1000))));

  constructor(
    readonly chat: ChatStore,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.chat.onAnswered = (error) => this.answered(error);
    this.followed = follow<ChatMine>(this.live, {
      channel: `person:${this.chat.me.id}`,
      load: (signal) => this.api.get(`${this.chat.path}/chat/mine`, { signal }),
      reset: (mine) => this.reset(mine),
      publication: (publication) => this.apply(publication),
    });
  }

  close(): void {
    this.followed?.close();
    for (const timer of [this.clock, this.asking]) if (timer) clearInterval(timer);
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'message.held') this.hold((data.held as Held).message);
    else if (name === 'message.settled' && data.session_id === this.chat.session) this.settled(String(data.message_id), String(data.state));
    else if (name === 'sign.changed') this.setSign(String(data.message_id), data.kind as Sign, Boolean(data.on));
    else if (name === 'message.mentioned' && (data.session_id ?? data.conversation_id) === this.chat.session) this.onMentioned(String(data.message_id));
    else if (name === 'silence.changed') {
      const { session_id } = data.silence as Silence;
      if (session_id !== null && session_id !== this.chat.session) return;
      if (data.silenced) this.still(!this.exempt);
      else void this.askAgain(); // another silence may stand behind the one that ended
    }
  }

  gave(message: string, kind: Sign): boolean {
    return this.signs.get(message)?.has(kind) ?? false;
  }

  async toggle(message: Message, kind: Sign): Promise<void> {
    const on = !this.gave(message.id, kind);
    this.setSign(message.id, kind, on);
    try {
      await this.api.post(`/api/messages/${message.id}/signs`, { kind, on });
    } catch (error) {
      this.setSign(message.id, kind, !on);
      throw error;
    }
  }

  /** In slow mode the next turn is some time off once one was heard; who came too early asks how long. */
  private answered(error: unknown): void {
    if (!error) this.wait(this.slowS);
    else if (error instanceof ApiError && error.code === 'slow_mode') void this.askAgain();
  }

  private wait(seconds: number): void {
    if (seconds <= 0) return;
    this.now = Date.now();
    this.freeAt = this.now + seconds * 1000;
    this.clock ??= setInterval(() => {
      this.now = Date.now();
      if (this.now < this.freeAt) return;
      clearInterval(this.clock!);
      this.clock = null;
    }, 250);
  }

  /** A silence for a time ends without a word, so who is silenced asks now and then. */
  private still(silenced: boolean): void {
    this.silenced = silenced;
    if (silenced) this.asking ??= setInterval(() => void this.askAgain(), ASK_EVERY_MS);
    else if (this.asking) {
      clearInterval(this.asking);
      this.asking = null;
    }
  }

  private async askAgain(): Promise<void> {
    try {
      const { silenced, wait_s } = await this.api.get<ChatMine>(`${this.chat.path}/chat/mine`);
      this.still(silenced);
      this.wait(wait_s);
    } catch {
      // It is asked again.
    }
  }

  private reset(mine: ChatMine): void {
    this.exempt = mine.exempt;
    this.still(mine.silenced);
    this.signs = new Map(mine.signs.map(({ message_id, kinds }) => [message_id, new Set(kinds)]));
    const kept = [...mine.held, ...mine.refused].map(({ message }) => message.id);
    for (const { key, state } of this.chat.sending) if ((state === 'held' || state === 'refused') && !kept.includes(key)) this.chat.discard(key);
    for (const { message } of [...mine.held, ...mine.refused]) this.hold(message);
    for (const { message } of mine.refused) this.settled(message.id, 'refused');
    this.wait(mine.wait_s);
  }

  /** One's own words, which wait for a moderator. */
  private hold({ id, session_id, author, text, at, parent_id }: Message): void {
    if (session_id !== this.chat.session || author.id !== this.chat.me.id || this.chat.find(id)) return;
    this.chat.put({ key: id, text, at, ...(parent_id ? { more: { parent_id } } : {}), state: 'held', fault: null });
  }

  private settled(id: string, state: string): void {
    const one = this.chat.sending.find(({ key }) => key === id);
    if (state !== 'refused') this.chat.discard(id);
    else if (one) this.chat.put({ ...one, state: 'refused', fault: t('talk.refused'), final: true });
  }

  private setSign(message: string, kind: Sign, on: boolean): void {
    const kinds = new Set(this.signs.get(message));
    if (on) kinds.add(kind);
    else kinds.delete(kind);
    this.signs = new Map(this.signs).set(message, kinds);
  }
}
