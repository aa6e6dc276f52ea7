/**
 * One board, live. What the server told is kept apart from what this person has just done and not yet
 * heard back: the view lays the second over the first, so a hand feels its move at once and a refused
 * one simply falls back. Everybody's changes, one's own too, come the same way.
 */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { newKey } from '~/net/keys';
import { follow, type Followed } from '~/net/live';
import type { Board, Card, Column, Publication, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

/** Where a card shall go: beside another, or to the end of the column. Never a number. */
export interface Place { column_id: string; before?: string; after?: string }
export interface ShownCard extends Card { sending: boolean }
interface Wish { key: string; card: string; place: Place }

export class BoardStore {
  board = $state.raw<Omit<Board, 'cards'> | null>(null);
  trouble = $state<ApiError | null>(null);
  /** Cards somebody else has just changed, for a short glow. */
  touched = $state.raw<ReadonlySet<string>>(new Set());
  private cards = $state.raw<ReadonlyMap<string, Card>>(new Map());
  private moves = $state.raw<readonly Wish[]>([]);
  private titles = $state.raw<ReadonlyMap<string, string>>(new Map());
  private made = $state.raw<readonly Card[]>([]);
  private followed: Followed | null = null;

  /** Every column with its cards as this person shall see them. */
  readonly lists: { column: Column; cards: ShownCard[] }[] = $derived.by(() => this.arrange());

  constructor(
    readonly id: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = follow<Snapshot<{ board: Board }>>(this.live, {
      channel: `board:${this.id}`,
      load: (signal) => this.api.get(`/api/boards/${this.id}`, { signal }),
      reset: ({ board }) => {
        this.board = board;
        this.cards = new Map(board.cards.map((card) => [card.id, card]));
      },
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (!name.startsWith('card.')) return;
    const card = data.card as Card;
    if (this.take(card) && !this.mine(card.id)) this.glow(card.id);
  }

  column(id: string): { column: Column; cards: ShownCard[] } | undefined {
    return this.lists.find(({ column }) => column.id === id);
  }

  find(card: string): { column: Column; cards: ShownCard[]; at: number } | null {
    for (const { column, cards } of this.lists) {
      const at = cards.findIndex(({ id }) => id === card);
      if (at >= 0) return { column, cards, at };
    }
    return null;
  }

  async create(column: string, title: string): Promise<void> {
    const key = newKey();
    this.made = [...this.made, { id: key, board_id: this.id, column_id: column, rank: '', title, version: 0 } as Card];
    try {
      this.take(await this.api.post<Card>(`/api/boards/${this.id}/cards`, { column_id: column, title }, { key }));
    } finally {
      this.made = this.made.filter((card) => card.id !== key);
    }
  }

  async rename(card: string, title: string): Promise<void> {
    this.titles = new Map(this.titles).set(card, title);
    try {
      this.take(await this.api.patch<Card>(`/api/cards/${card}`, { title: { base: this.cards.get(card)?.fields?.title ?? 0, value: title } }));
    } finally {
      if (this.titles.get(card) === title) this.titles = new Map([...this.titles].filter(([id]) => id !== card));
    }
  }

  async move(card: string, place: Place): Promise<void> {
    const wish: Wish = { key: newKey(), card, place };
    this.moves = [...this.moves.filter((other) => other.card !== card), wish];
    try {
      this.take(await this.api.post<Card>(`/api/cards/${card}/move`, place, { key: wish.key }));
    } finally {
      this.moves = this.moves.filter((other) => other !== wish);
    }
  }

  /** One step up or down in its column; null at the edge. */
  stepPlace(card: string, by: -1 | 1): Place | null {
    const found = this.find(card);
    const beside = found?.cards[found.at + by];
    if (!found || !beside) return null;
    return { column_id: found.column.id, ...(by < 0 ? { before: beside.id } : { after: beside.id }) };
  }

  /** The neighbouring column, at about the same height; null at the edge. */
  asidePlace(card: string, by: -1 | 1): Place | null {
    const found = this.find(card);
    if (!found) return null;
    const target = this.lists[this.lists.findIndex(({ column }) => column.id === found.column.id) + by];
    if (!target) return null;
    const beside = target.cards[found.at];
    return { column_id: target.column.id, ...(beside ? { before: beside.id } : {}) };
  }

  /** Where the card is now, as a place to return to. */
  placeOf(card: string): Place | null {
    const found = this.find(card);
    if (!found) return null;
    const next = found.cards[found.at + 1];
    return { column_id: found.column.id, ...(next ? { before: next.id } : {}) };
  }

  /** The newest version of a row wins; true when this one was news. */
  private take(card: Card): boolean {
    const old = this.cards.get(card.id);
    if (old && old.version >= card.version) return false;
    this.cards = new Map(this.cards).set(card.id, card);
    return true;
  }

  private mine(card: string): boolean {
    return this.titles.has(card) || [...this.moves, ...this.made].some((item) => ('card' in item ? item.card : item.id) === card);
  }

  private glow(card: string): void {
    this.touched = new Set(this.touched).add(card);
    setTimeout(() => (this.touched = new Set([...this.touched].filter((id) => id !== card))), GLOW_MS);
  }

  private arrange(): { column: Column; cards: ShownCard[] }[] {
    const columns = [...(this.board?.columns ?? [])].sort((one, other) => bytewise(one.rank, other.rank));
    const lists = columns.map((column) => ({ column, cards: [] as ShownCard[] }));
    const at = new Map(lists.map((list) => [list.column.id, list.cards]));
    for (const card of [...this.cards.values()].sort(byRank)) at.get(card.column_id)?.push(this.shown(card, false));
    for (const card of this.made) if (!this.cards.has(card.id)) at.get(card.column_id)?.push(this.shown(card, true));
    for (const { card, place } of this.moves) {
      const from = lists.find(({ cards }) => cards.some(({ id }) => id === card));
      const to = at.get(place.column_id);
      if (!from || !to) continue;
      const [moved] = from.cards.splice(from.cards.findIndex(({ id }) => id === card), 1);
      to.splice(placeIn(to, place), 0, { ...moved!, column_id: place.column_id, sending: true });
    }
    return lists;
  }

  private shown(card: Card, sending: boolean): ShownCard {
    const title = this.titles.get(card.id);
    return { ...card, ...(title === undefined ? {} : { title }), sending: sending || title !== undefined };
  }
}

const GLOW_MS = 1_600;

function placeIn(cards: readonly ShownCard[], place: Place): number {
  const before = cards.findIndex(({ id }) => id === place.before);
  if (before >= 0) return before;
  const after = cards.findIndex(({ id }) => id === place.after);
  return after >= 0 ? after + 1 : cards.length;
}

/** Ranks are ASCII, so comparing code units is comparing bytes. */
function bytewise(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function byRank(one: Card, other: Card): number {
  return bytewise(one.rank, other.rank) || bytewise(one.id, other.id);
}
