/** What the parts of the board's page share: the board, who is here, and every deed with its undo and its word. */
import { account } from '~/app/me.svelte';
import { t } from '~/i18n/t.svelte';
import type { Person } from '~/net/shapes';
import { toasts } from '~/ui/toasts.svelte';
import { createContext, tick } from 'svelte';
import { BoardStore } from './BoardStore.svelte';
import type { Place } from './changes';
import { Company } from './Company.svelte';
import type { Zones } from './due';
import type { FileQueue } from './FileQueue.svelte';
import type { BoardMine, Card, Label } from './shapes';

export type View = 'columns' | 'list' | 'calendar';
/** A dialog of the page. */
export type Panel =
  | { kind: 'help' | 'labels' | 'settings' | 'archive' | 'waiting' }
  | { kind: 'move' | 'people' | 'marks'; card: string }
  | { kind: 'column'; column: string | null };

export class BoardKit {
  readonly store: BoardStore;
  /** Which cards are in sight, while something is looked for. */
  sight = $state.raw<((card: Card) => boolean) | null>(null);
  readonly company: Company;
  /** The card whose page is open. */
  opened = $state<string | null>(null);
  panel = $state.raw<Panel | null>(null);
  /** The card whose title is written in its place. */
  naming = $state<string | null>(null);
  /** The column where a card is being added. */
  adding = $state<string | null>(null);
  view = $state<View>('columns');
  /** For the screen reader. */
  said = $state('');
  mine = $state.raw<BoardMine | null>(null);
  members = $state.raw<Person[]>([]);
  /** Where the team's people live, as far as they told; oneself always. */
  zones = $state.raw<Zones>(new Map());
  /** What makes the drawn board answer: there a moment after it. */
  tools = $state.raw<typeof import('./tools') | null>(null);
  /** One's own side of the board, followed. */
  own: { close(): void } | null = null;
  /** Files on their way: there once the board works. */
  files = $state.raw<FileQueue | null>(null);
  now = $state(Date.now());
  private clock: ReturnType<typeof setInterval> | undefined;

  constructor(readonly id: string) {
    this.store = new BoardStore(id, this.me);
    this.company = new Company(this.me, (data) => this.store.signal('working', data));
    this.store.onSignal = (signal) => this.company.heard(signal);
    this.store.onDone = (command) => this.tools?.counted(this, command);
    this.store.onRefused = (command) => {
      toasts.say(t('board.refused', { card: command.title, why: command.fault!.why }), { label: t('board.refused.show'), run: () => (this.panel = { kind: 'waiting' }) });
    };
  }

  get me(): string {
    return account.me?.person.id ?? '';
  }

  get zone(): string {
    return account.zone;
  }

  get leads(): boolean {
    return this.mine?.permissions.includes('board.manage') ?? false;
  }

  get labels(): readonly Label[] {
    return this.store.head?.labels ?? [];
  }

  /** The board is in the archive: it is read, not written. */
  get shut(): boolean {
    return this.store.head?.archived ?? false;
  }

  open(): void {
    void this.store.open();
    this.company.open();
    this.clock = setInterval(() => (this.now = Date.now()), 60_000);
  }

  close(): void {
    this.store.close();
    this.company.close();
    this.files?.close();
    this.own?.close();
    clearInterval(this.clock);
  }

  inSight = (card: Card): boolean => this.sight?.(card) ?? true;

  show(card: string | null): void {
    const here = new URL(location.href);
    if (card) here.searchParams.set('card', card);
    else here.searchParams.delete('card');
    if (card) history.pushState(null, '', here);
    else history.replaceState(null, '', here);
    const last = this.opened;
    this.opened = card;
    this.company.does(card ? { doing: 'looking', card_id: card } : { doing: 'looking' });
    if (!card && last) void tick().then(() => this.focus(last));
  }

  /** Brings a row that is not in the page into it: by column, told by the columns that keep only what is in sight. */
  readonly reach = new Map<string, (card: string) => void>();

  focus(card: string): void {
    const find = (): HTMLElement | null => document.querySelector<HTMLElement>(`[data-card="${card}"] .title`);
    const title = find();
    if (title) return title.focus();
    const column = this.store.find(card)?.column.id;
    if (column) this.reach.get(column)?.(card);
    requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
  }

  async move(card: string, place: Place | null, options: { refocus?: boolean; undo?: boolean } = {}): Promise<void> {
    if (!place || this.shut) return;
    const back = this.store.placeOf(card);
    void this.store.move(card, place);
    await tick();
    this.say(card);
    if (options.refocus) this.focus(card);
    const column = this.store.columns.get(place.column_id);
    if (options.undo && back && column) {
      toasts.say(t('board.move.undo', { column: column.title }), { label: t('core.undo'), run: () => void this.move(card, back) });
    }
  }

  say(card: string): void {
    const found = this.store.find(card);
    if (!found) return;
    this.said = t('board.move.said', { card: found.cards[found.at]!.title, column: found.column.title, place: found.at + 1, count: found.cards.length });
  }
}

export const [boardKit, setBoardKit] = createContext<BoardKit>();
