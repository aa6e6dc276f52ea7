/**
 * Files on their way to cards. Each is kept in this browser until it has arrived, over closed tabs and hours without
 * a network, as far as there is room; one that finds none is sent from the open page, and says so when it cannot.
 */
import { send } from '~/features/programme/upload';
import { t } from '~/i18n/t.svelte';
import { ApiError, sentence } from '~/net/api';
import { newKey } from '~/net/keys';
import { toasts } from '~/ui/toasts.svelte';
import type { IDBPDatabase } from 'idb';
import type { BoardKit } from './BoardKit.svelte';
import { openFiles } from './files';
import type { CardFile } from './shapes';

const MOST_BYTES = 10 * 1024 * 1024;
const MOST_KEPT_BYTES = 50 * 1024 * 1024;
const AGAIN_MS = 15_000;
/** A card that is itself on its way is soon there. */
const SOON_MS = 1_000;

/** `share`: how much has gone. `hopeless`: no other try helps. `waits`: there is no network for it. `kept`: it outlives the page. `fault`: why it will not go. */
export interface Sending { key: string; card: string; name: string; share: number; waits: boolean; kept: boolean; fault: string | null; hopeless?: boolean; file: Blob }
interface Row { key: string; owner: string; card: string; name: string; file: Blob }

export class FileQueue {
  all = $state.raw<readonly Sending[]>([]);
  private db: Promise<IDBPDatabase | null>;
  private running = false;
  private ended = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The one that is being sent. */
  private sending: { key: string; stop: AbortController } | null = null;
  private readonly owner: string;
  private readonly online = (): void => void this.run();

  constructor(private readonly kit: BoardKit) {
    this.owner = `${kit.me} ${kit.id}`;
    this.db = openFiles().catch(() => null);
    addEventListener('online', this.online);
    void this.restore();
  }

  of(card: string): Sending[] {
    return this.all.filter((one) => one.card === card);
  }

  add(card: string, file: File): void {
    const one: Sending = { key: newKey(), card, name: file.name, share: 0, waits: false, kept: false, fault: null, file };
    if (file.size > MOST_BYTES) Object.assign(one, { fault: t('card.files.large'), hopeless: true });
    this.all = [...this.all, one];
    if (one.fault) return;
    void this.keep(one);
    void this.run();
  }

  retry(key: string): void {
    this.change(key, { fault: null });
    void this.run();
  }

  drop(key: string): void {
    this.all = this.all.filter((one) => one.key !== key);
    if (this.sending?.key === key) this.sending.stop.abort();
    void this.db.then((db) => db?.delete('files', key)).catch(() => {});
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    removeEventListener('online', this.online);
  }

  private async restore(): Promise<void> {
    const rows = ((await (await this.db)?.getAll('files').catch(() => [])) ?? []) as Row[];
    const known = new Set(this.all.map(({ key }) => key));
    const left = rows.filter(({ owner, key }) => owner === this.owner && !known.has(key));
    this.all = [...left.map((row) => ({ ...row, share: 0, waits: false, kept: true, fault: null })), ...this.all];
    void this.run();
  }

  private async keep({ key, card, name, file }: Sending): Promise<void> {
    const db = await this.db;
    if (!db) return;
    try {
      const rows = (await db.getAll('files')) as Row[];
      const full = rows.reduce((sum, row) => sum + row.file.size, file.size) > MOST_KEPT_BYTES;
      if (full || !this.all.some((one) => one.key === key)) return;
      await db.put('files', { key, owner: this.owner, card, name, file } satisfies Row);
      this.change(key, { kept: true });
    } catch {
      // No room in this browser: it is sent from the open page.
    }
  }

  /** One after the other. A card that is itself still on its way goes first. */
  private async run(): Promise<void> {
    if (this.running || this.ended) return;
    this.running = true;
    clearTimeout(this.timer);
    try {
      for (;;) {
        const unsent = new Set(this.kit.store.queue.waiting.map(({ key }) => key));
        const next = this.all.find((one) => !one.fault && !unsent.has(one.card));
        if (!next || this.ended || !(await this.deliver(next))) break;
      }
    } finally {
      this.running = false;
      if (!this.ended && this.all.some(({ fault }) => !fault)) {
        // All that is left waits. One that waits already stays as it is: nothing is said twice.
        this.all = this.all.map((one) => (one.fault || one.waits ? one : { ...one, waits: true, share: 0 }));
        this.timer = setTimeout(() => void this.run(), navigator.onLine && this.isBehindItsCard() ? SOON_MS : AGAIN_MS);
      }
    }
  }

  private isBehindItsCard(): boolean {
    return this.all.some(({ card, fault }) => !fault && this.kit.store.queue.waiting.some(({ key }) => key === card));
  }

  /** False when it must wait for the network. */
  private async deliver({ key, card, name, file }: Sending): Promise<boolean> {
    const stop = new AbortController();
    this.sending = { key, stop };
    try {
      const path = `/api/cards/${card}/files/${encodeURIComponent(name)}`;
      // It waits until something of it goes.
      const attachment = await send<CardFile>(path, file, (share) => this.change(key, { share, waits: false }), key, stop.signal);
      this.sending = null;
      this.drop(key);
      this.kit.store.apply({ name: 'attachment.added', data: { card: this.kit.store.cards.get(card), attachment } });
      return true;
    } catch (error) {
      if (stop.signal.aborted) return true; // taken away by its person
      if (error instanceof ApiError && error.passing) return false;
      const why = sentence(error);
      this.change(key, { fault: why, waits: false, hopeless: error instanceof ApiError && error.code.startsWith('file.') });
      toasts.say(t('card.files.refused', { name, why }), { label: t('board.refused.show'), run: () => (this.kit.panel = { kind: 'waiting' }) });
      return true;
    } finally {
      this.sending = null;
    }
  }

  private change(key: string, fields: Partial<Sending>): void {
    this.all = this.all.map((one) => (one.key === key ? { ...one, ...fields } : one));
  }
}
