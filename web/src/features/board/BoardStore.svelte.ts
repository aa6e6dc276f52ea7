/**
 * One board, live and without a network. What the server told is kept apart from what this person has done and
 * not yet heard back: the view lays the second over the first, so a hand feels its move at once and a refused one
 * simply falls back. Everybody's changes, one's own too, come the same way.
 */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { newKey } from '~/net/keys';
import { follow, type Followed } from '~/net/live';
import type { Position, Publication, Signal } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { arrange, lay, placeIn, type Change, type List, type Place, type ShownCard } from './changes';
import { CommandQueue } from './CommandQueue.svelte';
import { written, type Command } from './commands';
import { kept as openKept, type Kept } from './kept';
import type { Board, BoardRef, Card, Column, Editable, Label } from './shapes';

export type Head = Omit<Board, 'cards' | 'columns'>;
interface Snapshot { position: Position; board: Board }
/** What a command is, beside its key. */
export type Wish = Omit<Command, 'key' | 'at'> & { key?: string };

/** A card as it is before the server has said more of it. */
export const NEW: Omit<Card, 'id' | 'board_id' | 'column_id' | 'title' | 'created_at'> = {
  rank: '', number: 0, described: false, labels: [], people: [], start_day: null, due: null, size_minutes: null, skill: '', language: '',
  seats: null, cover: null, source: null, links: [], items: 0, items_done: 0, comments: 0, attachments: 0, state: 'open', worker: null,
  lease_until: null, done_at: null, archived: false, fields: {}, version: 0,
};
const GLOW_MS = 1_600;
const KEEP_MS = 1_500;
/** Copying a large board takes a while: first it is drawn. */
const DRAWN_MS = 100;
/** Cards of a column that are fetched and drawn before all: what a usual screen shows. */
const GLANCE = 12;

export class BoardStore {
  head = $state.raw<Head | null>(null);
  trouble = $state.raw<ApiError | null>(null);
  /** The rows are those of an earlier visit: the network has not answered yet. */
  stale = $state(false);
  /** The rows are only the first of each column: the rest is on its way. */
  partial = $state(false);
  /** Cards somebody else has just changed, for a short glow. */
  touched = $state.raw<ReadonlySet<string>>(new Set());
  cards = $state.raw<ReadonlyMap<string, Card>>(new Map());
  columns = $state.raw<ReadonlyMap<string, Column>>(new Map());
  /** First one without a memory, then the one that keeps. */
  queue = $state.raw<CommandQueue>(null!);
  /** Told of every fact, for an opened card. */
  onFact: (fact: Pick<Publication, 'name' | 'data'>) => void = () => {};
  /** Told of each own command that the server took, with its answer. */
  onTaken: (command: Command, answer: unknown) => void = () => {};
  onSignal: (signal: Signal) => void = () => {};
  /** Told before fresh rows are drawn. */
  onRows: () => void = () => {};

  private readonly base: List[] = $derived(arrange(this.columns.values(), this.cards.values()));
  /** Every column with its cards as this person shall see them. */
  readonly lists: List[] = $derived.by(() => lay(this.base, this.queue.waiting.map(({ change }) => change)));

  private followed: Followed | null = null;
  private position: Position | null = null;
  /** When the rows were last told to be so. */
  private at = 0;
  private keeping: ReturnType<typeof setTimeout> | undefined;
  private kept: Kept | null = null;
  private readonly place: string;
  private readonly online = (): void => this.queue.nudge();
  private readonly hidden = (): void => void (document.visibilityState === 'hidden' && this.keepNow());

  constructor(
    readonly id: string,
    readonly me: string = '',
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
    private readonly openStore: () => Promise<Kept> = openKept,
  ) {
    this.place = `${me} ${id}`;
    this.queue = this.makeQueue();
  }

  private makeQueue(kept?: Kept): CommandQueue {
    return new CommandQueue(this.place, {
      api: this.api,
      ...(kept ? { kept } : {}),
      done: (command, answer) => this.answered(command, answer),
      refused: (command) => this.onRefused(command),
    });
  }

  /** Told of each own change that the server took. */
  onDone: (command: Command) => void = () => {};
  /** Told of each own change that the server did not take. */
  onRefused: (command: Command) => void = () => {};

  async open(): Promise<void> {
    addEventListener('online', this.online);
    document.addEventListener('visibilitychange', this.hidden);
    this.followed = follow<Snapshot>(this.live, {
      channel: `board:${this.id}`,
      load: (signal) => this.load(signal),
      reset: (rows) => this.reset(rows, false),
      publication: (publication) => this.publication(publication),
      signal: (signal) => this.onSignal(signal),
      trouble: (error) => this.troubled(error),
    });
    this.kept = await this.openStore();
    this.keepNow(); // what came before the store was open
    const rows = await this.kept.rows<Snapshot>(this.place).catch(() => null);
    if ((!this.head || this.partial) && rows && (!this.trouble || this.trouble.passing)) this.reset(rows, true);
    const queue = this.makeQueue(this.kept);
    // Given in the moment before the store was open: they move over in order.
    const early = this.queue;
    this.queue = queue;
    await queue.restore();
    void queue.run();
    for (const command of early.waiting) void queue.add(command);
    early.close();
  }

  /** The page answers now, or cannot: the line is free for the rest of a large board. */
  loadRest: () => void = () => {};
  private readonly rest = new Promise<void>((resolve) => (this.loadRest = resolve));

  /** A first visit gets the head of each column at once, and the rest while it is looked at. */
  private async load(signal: AbortSignal): Promise<Snapshot> {
    const path = `/api/boards/${this.id}`;
    if (!this.head) {
      const glance = await this.api.get<Snapshot>(`${path}?first=${GLANCE}`, { signal });
      const { cards, columns } = glance.board;
      if (columns.every(({ id }) => cards.filter((card) => card.column_id === id).length < GLANCE)) return glance;
      if (!this.head) {
        this.reset(glance, true);
        this.partial = true;
        await this.rest;
      }
    }
    return this.api.get(path, { signal });
  }

  close(): void {
    removeEventListener('online', this.online);
    document.removeEventListener('visibilitychange', this.hidden);
    this.followed?.close();
    this.queue.close();
    this.keepNow();
  }

  signal(name: string, data: unknown): void {
    this.followed?.signal(name, data);
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    const { card, column, board, label, label_id } = data as { card?: Card; column?: Column; board?: BoardRef; label?: Label; label_id?: string };
    if (card && this.take(card) && !this.mine(card.id)) this.glow(card.id);
    if (column) this.takeColumn(column);
    if (board && this.head && board.version >= this.head.version) this.head = { ...this.head, ...board };
    if (label && this.head) this.head = { ...this.head, labels: withRow(this.head.labels, label) };
    if (label_id) this.dropLabel(label_id);
    this.onFact({ name, data });
  }

  /** Sends it when it can, and shows it now. True when the server took it. */
  command({ key = newKey(), ...wish }: Wish): Promise<boolean> {
    // Plain values: what is kept must not hang on what the page still changes.
    return this.queue.add(JSON.parse(JSON.stringify({ ...wish, key, at: new Date().toISOString() })) as Command);
  }

  create(column: string, title: string, place: Omit<Place, 'column_id'> = {}): string {
    const key = newKey();
    const row = { ...NEW, id: key, board_id: this.id, column_id: column, title, created_at: new Date().toISOString() };
    void this.command({
      key, method: 'POST', path: `/api/boards/${this.id}/cards`, body: { column_id: column, title, ...place },
      change: { do: 'make', row, place: { column_id: column, ...place } }, card: null, title,
    });
    return key;
  }

  /** One field of a card, with the version it was written over: of one's own unsent text, if there is one. */
  edit<Field extends keyof Editable>(card: string, field: Field, value: Editable[Field], base?: number): Promise<boolean> {
    const earlier = this.unsent(card, field);
    const version = (earlier ? undefined : base) ?? this.seen(card, field);
    const change: Change =
      field === 'description' ? { do: 'within', card, part: { of: 'description', text: value as string } } : { do: 'set', card, fields: { [field]: value } };
    return this.command({
      method: 'PATCH', path: `/api/cards/${card}`, body: { [field]: { base: version, value } }, change,
      card, title: this.shown(card)?.title ?? '', edits: { [field]: value }, ...(earlier ? { after: earlier.key } : {}),
    });
  }

  /**
   * The version of a field that is shown. Of one's own unsent text it is what the server will make of it: its
   * publication may be here before its answer, so the rows do not tell.
   */
  seen(card: string, field: keyof Editable): number {
    const earlier = this.unsent(card, field);
    return earlier ? written(earlier, field)!.base! + 1 : this.cards.get(card)?.fields[field] ?? 0;
  }

  unsent(card: string, field: keyof Editable): Command | undefined {
    return this.queue.waiting.findLast((one) => one.card === card && written(one, field));
  }

  move(card: string, place: Place): Promise<boolean> {
    const to = this.between(card, place);
    return this.about(card, 'POST', '/move', { column_id: to.column_id, before: to.before ?? null, after: to.after ?? null }, { do: 'move', card, place: to });
  }

  /** The same place by both neighbours: when one has left, the other still tells it. The end of a column stays its end. */
  between(card: string, place: Place): Place {
    const { column_id, before, after } = place;
    if (!before && !after) return { column_id };
    const cards = (this.lists.find(({ column }) => column.id === column_id)?.cards ?? []).filter(({ id }) => id !== card);
    const at = placeIn(cards, place);
    return { column_id, before: before ?? cards[at]?.id ?? null, after: after ?? cards[at - 1]?.id ?? null };
  }

  /** Something done to one card: `path` after its own address. */
  about(card: string, method: Command['method'], path: string, body: unknown, change: Change): Promise<boolean> {
    const title = this.shown(card)?.title ?? '';
    return this.command({ method, path: `/api/cards/${card}${path}`, ...(body === undefined ? {} : { body }), change, card, title });
  }

  shown(card: string): ShownCard | null {
    const found = this.find(card);
    return found ? found.cards[found.at]! : null;
  }

  find(card: string): { column: Column; cards: ShownCard[]; at: number } | null {
    for (const { column, cards } of this.lists) {
      const at = cards.findIndex(({ id }) => id === card);
      if (at >= 0) return { column, cards, at };
    }
    return null;
  }

  /** Where the card is now, as a place to return to. */
  placeOf(card: string): Place | null {
    const found = this.find(card);
    if (!found) return null;
    return { column_id: found.column.id, before: found.cards[found.at + 1]?.id ?? null, after: found.cards[found.at - 1]?.id ?? null };
  }

  private reset({ board, position }: Snapshot, stale: boolean): void {
    this.onRows();
    const { cards, columns, ...head } = board;
    this.head = head;
    this.columns = new Map(columns.map((column) => [column.id, column]));
    this.cards = new Map(cards.map((card) => [card.id, card]));
    this.position = position;
    this.stale = stale;
    this.partial = false;
    if (!stale) {
      this.at = Date.now();
      this.queue.nudge();
      this.keepSoon(DRAWN_MS);
    }
  }

  private publication(publication: Publication): void {
    this.position = { offset: publication.offset, id: publication.id };
    this.at = Date.now();
    this.apply(publication);
    this.keepSoon();
  }

  private troubled(error: ApiError | null): void {
    this.trouble = error;
    if (!error || error.passing) return;
    // No longer for these eyes: nothing of it stays in this browser.
    this.head = null;
    void this.openStore().then((kept) => kept.drop(this.place));
  }

  private answered(command: Command, answer: unknown): void {
    const { change, card } = command;
    const row = answer as (Card & Column) | undefined;
    this.onTaken(command, answer);
    this.onDone(command);
    if (row?.id === undefined) return;
    if ('column_id' in row && (card === row.id || change.do === 'make')) this.take(row);
    if (change.do.startsWith('column.') && 'rank' in row && !('column_id' in row)) this.takeColumn(row);
  }

  /** The newest version of a row wins; true when this one was news. */
  private take(card: Card): boolean {
    const old = this.cards.get(card.id);
    if (old && old.version >= card.version) return false;
    this.cards = new Map(this.cards).set(card.id, card);
    return true;
  }

  private takeColumn(column: Column): void {
    const old = this.columns.get(column.id);
    if (old && old.version > column.version) return;
    this.columns = new Map(this.columns).set(column.id, column);
  }

  private dropLabel(id: string): void {
    if (this.head) this.head = { ...this.head, labels: this.head.labels.filter((label) => label.id !== id) };
    const cards = new Map(this.cards);
    for (const card of cards.values()) {
      if (card.labels.includes(id)) cards.set(card.id, { ...card, labels: card.labels.filter((other) => other !== id) });
    }
    this.cards = cards;
  }

  private mine(card: string): boolean {
    return this.queue.waiting.some((command) => command.card === card || command.key === card);
  }

  private glow(card: string): void {
    this.touched = new Set(this.touched).add(card);
    setTimeout(() => (this.touched = new Set([...this.touched].filter((id) => id !== card))), GLOW_MS);
  }

  private keepSoon(ms = KEEP_MS): void {
    this.keeping ??= setTimeout(() => this.keepNow(), ms);
  }

  private keepNow(): void {
    clearTimeout(this.keeping);
    this.keeping = undefined;
    if (!this.head || !this.position || this.stale) return;
    const board = { ...this.head, columns: [...this.columns.values()], cards: [...this.cards.values()] };
    void this.kept?.keep(this.place, { at: this.at, position: this.position, board }).catch(() => {});
  }
}

function withRow<Row extends { id: string; version: number }>(rows: readonly Row[], row: Row): Row[] {
  const at = rows.findIndex(({ id }) => id === row.id);
  if (at < 0) return [...rows, row];
  return rows[at]!.version > row.version ? [...rows] : rows.with(at, row);
}
