/**
 * What one does in a chat beside reading and writing plainly: answering, signing, naming, searching, jumping,
 * reporting. It comes after the page works, in one file with the components it draws with.
 */
import { t } from '~/i18n/t.svelte';
import { api } from '~/net/api';
import type { Message, Person, Session } from '~/net/shapes';
import type { Choice } from '~/ui/Menu.svelte';
import { toasts } from '~/ui/toasts.svelte';
import { tick } from 'svelte';
import type { MineStore } from '../stage/MineStore.svelte';
import { ChatExtras } from './ChatExtras.svelte';
import type { ChatStore, Sending } from './ChatStore.svelte';
import { choicesFor } from './choices';
import { writeDraft, type Waiting } from './drafts';
import { Pages, type Place } from './pages';
import * as parts from './parts';

const READ_ALOUD = ['off', 'mentions', 'all'] as const;
const LIT_MS = 2_500;

/** What the page gives: its log and its composer, once they are there. */
export interface Hold extends Place {
  toRow(key: string): void;
  toEnd(): void;
  focus(): void;
  /** Puts words before what stands in the composer; returns all of it. */
  write(words: string): string;
  /** Read to those who wished for it. */
  announce(text: string): void;
  /** Whether the newest messages are before the reader's eyes. */
  here(): boolean;
  session(): Session | null;
}

export class ChatKit {
  readonly parts = parts;
  readonly extras: ChatExtras;
  readonly pages: Pages;
  editing = $state.raw<Message | null>(null);
  /** Changed words are on their way. */
  saving = $state(false);
  deleting = $state.raw<Message | null>(null);
  reported = $state.raw<Message | null>(null);
  /** Whose name was pressed. */
  met = $state.raw<Person | null>(null);
  /** The message a task is being made from. */
  tasked = $state.raw<Message | null>(null);
  reply = $state.raw<Message | null>(null);
  named = $state.raw<Person[]>([]);
  searching = $state(false);
  /** The message a sign is being chosen for, and the one that was jumped to. */
  picking = $state<string | null>(null);
  lit = $state<string | null>(null);
  /** Where the new begins: what came since the reader was last here, or while they were elsewhere. */
  newFrom = $state<string | null>(null);
  private aloud = $state(read('chat:announce') ?? 'off');

  constructor(
    readonly store: ChatStore,
    readonly mine: Pick<MineStore, 'may'>,
    readonly hold: Hold,
  ) {
    this.extras = new ChatExtras(store);
    this.pages = new Pages(store, hold);
    this.extras.onMentioned = (id) => {
      const message = store.find(id);
      if (message && this.aloud === 'mentions') this.announce(message);
    };
    this.extras.open();
    addEventListener('pagehide', this.note);
  }

  /** Once the log is there: the new begins where the reader stopped the last time. */
  begin(): void {
    const at = this.store.messages.findIndex(({ id }) => id === read(this.seen));
    this.newFrom ??= (at < 0 ? undefined : this.store.messages[at + 1]?.id) ?? null;
  }

  close(): void {
    removeEventListener('pagehide', this.note);
    this.note();
    this.extras.close();
  }

  /** How far the reader has come, for the next time. */
  private readonly note = (): void => {
    const last = this.store.messages.at(-1);
    if (last && this.hold.here()) keep(this.seen, last.id);
  };

  private get seen(): string {
    return `chat:seen:${this.store.session}`;
  }

  get shut(): boolean {
    return this.extras.silenced || this.extras.waitS > 0;
  }

  readonly settings: Choice[] = $derived([
    { label: t('talk.search'), pick: () => (this.searching = true) },
    ...READ_ALOUD.map((way) => ({ label: t(`talk.aloud.${way}`), checked: this.aloud === way, pick: () => keep('chat:announce', (this.aloud = way)) })),
  ]);

  choices(message: Message): Choice[] {
    return choicesFor(message, message.author.id === this.store.me.id, this.mine, this.hold.session(), {
      reply: (one) => {
        this.reply = one;
        this.hold.focus();
      },
      react: (one) => (this.picking = one.id),
      edit: (one) => (this.editing = one),
      remove: (one) => (this.deleting = one),
      report: (one) => (this.reported = one),
      task: (one) => (this.tasked = one),
      meet: (person) => this.meet(person),
    });
  }

  meet(person: Person): void {
    if (person.id !== this.store.me.id && this.hold.session()) this.met = person;
  }

  find(id: string): Message | undefined {
    return this.store.find(id);
  }

  arrived(message: Message, unread: number): void {
    if (unread === 1) this.newFrom = message.id;
    if (this.aloud === 'all') this.announce(message);
  }

  /** What goes with the words that are sent now. */
  sent(words: string): Waiting['more'] {
    const mentions = this.named.filter(({ name }) => words.includes(`@${name}`)).map(({ id }) => id);
    const more = { ...(this.reply ? { parent_id: this.reply.id } : {}), ...(mentions.length ? { mentions } : {}) };
    this.reply = null;
    this.named = [];
    return more;
  }

  /** Refused words go back to where one writes, with what they answered to. */
  async reword(one: Sending): Promise<void> {
    const { text, more } = one;
    this.editing = null;
    await tick(); // the composer has its draft again
    writeDraft(`${this.store.me.id}:${this.store.session}:chat`, this.hold.write(text));
    void this.giveUp(one);
    if (more?.parent_id) this.reply = this.find(more.parent_id) ?? null;
    this.hold.focus();
  }

  /** What was not taken is wanted no longer. What a moderator refused is the server's to forget as well. */
  async giveUp({ key, state }: Sending): Promise<void> {
    this.store.discard(key);
    try {
      if (state === 'refused') await api.delete(`/api/messages/${key}`);
    } catch (error) {
      toasts.fault(error);
    }
  }

  /** The words stay in the field until they are saved. */
  async edit(message: Message, text: string): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    try {
      if (text !== message.text) this.store.changed(await api.patch<Message>(`/api/messages/${message.id}`, { text }));
      if (this.editing === message) this.editing = null;
    } catch (error) {
      toasts.fault(error);
    } finally {
      this.saving = false;
    }
  }

  async jump(id: string): Promise<void> {
    try {
      if (!this.store.messages.some((message) => message.id === id)) await this.pages.go(id);
    } catch (error) {
      return toasts.fault(error);
    }
    await tick();
    this.hold.toRow(id);
    // A tab that was opened for it knows its height once it was drawn.
    requestAnimationFrame(() => requestAnimationFrame(() => this.hold.toRow(id)));
    this.lit = id;
    setTimeout(() => this.lit === id && (this.lit = null), LIT_MS);
  }

  /** From an older place to the newest messages. */
  async latest(): Promise<void> {
    try {
      await this.pages.go(null);
    } catch (error) {
      return toasts.fault(error);
    }
    await tick();
    this.hold.toEnd();
  }

  private announce({ author, text }: Message): void {
    this.hold.announce(t('chat.announced', { name: author.name, text }));
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A private window without storage: it lasts as long as the page.
  }
}
