/**
 * One's own changes laid over what the server has told. Pure: the same rows and the same changes draw the same
 * board, however often and in whichever order the news came. A change whose card or column is gone does nothing.
 */
import type { Person } from '~/net/shapes';
import type { Card, CardFile, Column, Comment, Item } from './shapes';

/** Where a card shall go: beside another, or to the end of the column. Never a number. */
export interface Place { column_id: string; before?: string | null; after?: string | null }
export interface Beside { before?: string | null; after?: string | null }

export type Change =
  | { do: 'make'; row: Card; place: Place }
  | { do: 'set'; card: string; fields: Partial<Card> }
  | { do: 'move'; card: string; place: Place }
  | { do: 'take'; card: string }
  /** A label or a person on or off. */
  | { do: 'label'; card: string; id: string; on: boolean }
  | { do: 'person'; card: string; person: Person; on: boolean }
  | { do: 'column.make'; row: Column; place?: Beside }
  | { do: 'column.set'; column: string; fields: Partial<Column> }
  | { do: 'column.move'; column: string; place: Beside }
  | { do: 'column.take'; column: string }
  /** Seen in the opened card alone. */
  | { do: 'within'; card: string; part: Part }
  | { do: 'other' };

/** A change of what hangs on a card. */
export type Part =
  | { of: 'item'; make: Item; place?: Beside }
  | { of: 'item'; id: string; set: Partial<Item> }
  | { of: 'item'; id: string; move: Beside }
  | { of: 'item'; id: string; gone: true }
  | { of: 'comment'; make: Comment }
  | { of: 'comment'; id: string; set: Partial<Comment> }
  | { of: 'file'; make: CardFile }
  | { of: 'file'; id: string; gone: true }
  | { of: 'description'; text: string };

export type ShownCard = Card & { sending: boolean };
export interface List { column: Column; cards: ShownCard[] }

/** Columns and cards by rank. Cards that need no mark of their own are the rows themselves. */
export function arrange(columns: Iterable<Column>, cards: Iterable<Card>): List[] {
  const lists = [...columns].filter((column) => !column.archived).sort(byRank).map((column) => ({ column, cards: [] as Card[] }));
  const at = new Map(lists.map((list) => [list.column.id, list.cards]));
  for (const card of cards) if (!card.archived) at.get(card.column_id)?.push(card);
  for (const list of lists) list.cards.sort(byRank);
  return lists as List[];
}

/** The lists with the changes laid over them, in order; what is not touched stays the same object. */
export function lay(base: List[], changes: readonly Change[]): List[] {
  if (changes.length === 0) return base;
  const drawing = new Drawing(base);
  for (const change of changes) drawing.lay(change);
  return drawing.lists;
}

class Drawing {
  lists: List[];
  private readonly own = new Set<List>();

  constructor(base: List[]) {
    this.lists = [...base];
  }

  lay(change: Change): void {
    switch (change.do) {
      case 'make':
        if (!this.find(change.row.id)) this.put(change.row, change.place);
        return;
      case 'set':
        return this.change(change.card, (card) => ({ ...card, ...change.fields }));
      case 'label':
        return this.change(change.card, (card) => ({ ...card, labels: toggled(card.labels, change.id, (id) => id, change.on) }));
      case 'person':
        return this.change(change.card, (card) => ({ ...card, people: toggled(card.people, change.person, ({ id }) => id, change.on) }));
      case 'move': {
        const found = this.find(change.card);
        if (!found || !this.lists.some(({ column }) => column.id === change.place.column_id)) return;
        const [card] = this.mine(found.list).cards.splice(found.at, 1);
        return this.put(card!, change.place);
      }
      case 'take': {
        const found = this.find(change.card);
        if (found) this.mine(found.list).cards.splice(found.at, 1);
        return;
      }
      case 'column.make':
        if (this.lists.some(({ column }) => column.id === change.row.id)) return;
        this.lists.splice(placeIn(this.lists.map(({ column }) => column), change.place ?? {}), 0, { column: change.row, cards: [] });
        return;
      case 'column.set': {
        const list = this.lists.find(({ column }) => column.id === change.column);
        if (list) this.mine(list).column = { ...list.column, ...change.fields };
        return;
      }
      case 'column.move': {
        const from = this.lists.findIndex(({ column }) => column.id === change.column);
        if (from < 0) return;
        const [list] = this.lists.splice(from, 1);
        this.lists.splice(placeIn(this.lists.map(({ column }) => column), change.place), 0, list!);
        return;
      }
      case 'column.take':
        this.lists = this.lists.filter(({ column }) => column.id !== change.column);
    }
  }

  /** A list that may be written to, in the place of the one given. */
  private mine(list: List): List {
    if (this.own.has(list)) return list;
    const copy = { column: list.column, cards: [...list.cards] };
    this.lists[this.lists.indexOf(list)] = copy;
    this.own.add(copy);
    return copy;
  }

  private put(card: Card, place: Place): void {
    const list = this.lists.find(({ column }) => column.id === place.column_id);
    if (!list) return;
    const { cards } = this.mine(list);
    cards.splice(placeIn(cards, place), 0, { ...card, column_id: place.column_id, sending: true });
  }

  private change(id: string, with_: (card: Card) => Card): void {
    const found = this.find(id);
    if (found) this.mine(found.list).cards[found.at] = { ...with_(found.list.cards[found.at]!), sending: true };
  }

  private find(id: string): { list: List; at: number } | null {
    for (const list of this.lists) {
      const at = list.cards.findIndex((card) => card.id === id);
      if (at >= 0) return { list, at };
    }
    return null;
  }
}

function toggled<Row>(rows: readonly Row[], row: Row, id: (row: Row) => string, on: boolean): Row[] {
  const others = rows.filter((other) => id(other) !== id(row));
  return on ? [...others, row] : others;
}

/** A neighbour that has left means the end. */
export function placeIn(rows: readonly { id: string }[], place: Beside): number {
  const before = place.before ? rows.findIndex(({ id }) => id === place.before) : -1;
  if (before >= 0) return before;
  const after = place.after ? rows.findIndex(({ id }) => id === place.after) : -1;
  return after >= 0 ? after + 1 : rows.length;
}

/** Ranks are ASCII, so comparing code units is comparing bytes. */
export function byRank(one: { rank: string; id: string }, other: { rank: string; id: string }): number {
  return bytewise(one.rank, other.rank) || bytewise(one.id, other.id);
}

function bytewise(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
