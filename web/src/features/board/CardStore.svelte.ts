/** What hangs on one opened card, live: its words, checklist, comments and files, with one's own changes laid over. */
import { api as theApi, ApiError, type Api } from '~/net/api';
import { newKey } from '~/net/keys';
import type { Person, Publication } from '~/net/shapes';
import type { BoardStore } from './BoardStore.svelte';
import { byRank, placeIn, type Beside, type Part } from './changes';
import { written, type Command } from './commands';
import { kept } from './kept';
import type { Card, CardFile, CardRows, Claim, Comment, Item, Review } from './shapes';

export class CardStore {
  rows = $state.raw<Omit<CardRows, 'card'> | null>(null);
  /** The card as the server told it when it was opened: for one that the board does not show, such as an archived one. */
  told = $state.raw<Card | null>(null);
  trouble = $state.raw<ApiError | null>(null);
  /** Told when a description was saved together with somebody else's change of it. */
  onJoined: () => void = () => {};
  /** What was said before what comes with the card, as far as it was asked for. */
  private older = $state.raw<readonly Comment[]>([]);
  private held: Pick<Publication, 'name' | 'data'>[] | null = [];
  private onClose: () => void = () => {};
  private loads = 0;
  private words = $state(0);
  private readonly place: string;

  private readonly parts: readonly Part[] = $derived.by(() =>
    this.board.queue.waiting.flatMap(({ change }) => (change.do === 'within' && change.card === this.id ? [change.part] : [])),
  );
  readonly card: Card | null = $derived.by(() => this.board.shown(this.id) ?? this.board.cards.get(this.id) ?? this.told);
  readonly items: readonly Item[] = $derived(layItems(this.rows?.items ?? [], this.parts));
  readonly comments: readonly Comment[] = $derived(layComments([...this.older, ...(this.rows?.comments ?? [])], this.parts));
  /** Those on their way are not in the rows. */
  readonly attachments: readonly CardFile[] = $derived(layFiles(this.rows?.attachments ?? [], this.parts));
  readonly description: string = $derived(
    this.parts.reduce((text, part) => (part.of === 'description' ? part.text : text), this.rows?.description ?? ''),
  );

  constructor(readonly id: string, readonly board: BoardStore, private readonly me: Person, private readonly api: Api = theApi) {
    this.place = `card ${me.id} ${id}`;
  }

  async open(): Promise<void> {
    this.board.onFact = (fact) => (this.held ? this.held.push(fact) : this.apply(fact));
    this.board.onTaken = (command, answer) => this.taken(command, answer);
    const { onRows } = this.board;
    this.onClose = () => (this.board.onRows = onRows);
    this.board.onRows = () => {
      onRows();
      // The board has rows and gets them anew: facts between were lost, this card's among them.
      if (this.board.head && !this.board.stale) void this.load();
    };
    const kept_ = await kept();
    const old = await kept_.rows<CardRows>(this.place).catch(() => null);
    if (!this.rows && old) this.take(old);
    await this.load();
  }

  /** Facts that come meanwhile are laid over the rows that come with it. */
  async load(): Promise<void> {
    this.loads++;
    this.held ??= [];
    await this.fetch();
    if (--this.loads === 0) this.release();
  }

  private async fetch(): Promise<void> {
    // Made in this browser and not yet sent: the server does not know it.
    if (this.board.queue.waiting.some(({ key }) => key === this.id)) {
      this.take({ card: this.card!, description: '', items: [], comments: [], attachments: [], claims: [], reviews: [] });
      return;
    }
    try {
      const rows = await this.api.get<CardRows>(`/api/cards/${this.id}`);
      this.trouble = null;
      this.take(rows);
      void (await kept()).keep(this.place, rows);
    } catch (error) {
      this.trouble = error instanceof ApiError ? error : null;
    }
  }

  close(): void {
    this.board.onFact = () => {};
    this.board.onTaken = () => {};
    this.onClose();
  }

  /** The version of the description that is shown: what a new text is written over. */
  get base(): number {
    return this.board.unsent(this.id, 'description') ? this.board.seen(this.id, 'description') : this.words;
  }

  /** Something was said before what is here: a card's comments are counted from one. */
  get more(): boolean {
    return this.first > 1;
  }

  private get first(): number {
    const here = [...this.older, ...(this.rows?.comments ?? [])];
    return here.length > 0 ? Math.min(...here.map(({ place }) => place)) : 0;
  }

  /** The page before what is here. Returns how many came. */
  async earlier(): Promise<number> {
    const { comments } = await this.api.get<{ comments: Comment[] }>(`/api/cards/${this.id}/comments?before=${this.first}`);
    this.older = [...comments, ...this.older];
    return comments.length;
  }

  addItem(text: string, checklist = ''): void {
    const key = newKey();
    const make: Item = { id: key, card_id: this.id, text, checklist, rank: '~', done_at: null, made: null, version: 0 };
    this.send({ key, method: 'POST', path: `/api/cards/${this.id}/items`, body: { text, checklist }, part: { of: 'item', make, place: {} } });
  }

  tick(item: Item, done: boolean): void {
    this.send({ method: 'PATCH', path: `/api/items/${item.id}`, body: { done }, part: { of: 'item', id: item.id, set: { done_at: done ? new Date().toISOString() : null } } });
  }

  /** `over`: the version that its person had before them when they began. */
  reword(item: Item, text: string, over: number): void {
    const path = `/api/items/${item.id}`;
    const earlier = this.board.queue.waiting.findLast((one) => one.path === path && written(one, 'text'));
    const base = earlier ? written(earlier, 'text')!.base! + 1 : over;
    this.send({ method: 'PATCH', path, body: { text: { base, value: text } }, part: { of: 'item', id: item.id, set: { text } }, ...(earlier ? { after: earlier.key } : {}) });
  }

  moveItem(item: Item, place: Beside): void {
    this.send({ method: 'POST', path: `/api/items/${item.id}/move`, body: place, part: { of: 'item', id: item.id, move: place } });
  }

  dropItem(item: Item): void {
    this.send({ method: 'DELETE', path: `/api/items/${item.id}`, part: { of: 'item', id: item.id, gone: true } });
  }

  addLink(url: string): void {
    const key = newKey();
    const make: CardFile = { id: key, card_id: this.id, kind: 'link', name: url, url, preview: null, size: 0, by: this.me, at: new Date().toISOString() };
    this.send({ key, method: 'POST', path: `/api/cards/${this.id}/urls`, body: { url }, part: { of: 'file', make } });
  }

  dropFile(file: CardFile): void {
    this.send({ method: 'DELETE', path: `/api/attachments/${file.id}`, part: { of: 'file', id: file.id, gone: true } });
  }

  say(text: string, mentions: readonly Person[]): void {
    const key = newKey();
    const at = new Date().toISOString();
    const make: Comment = { id: key, card_id: this.id, author: this.me, imported_author: '', place: Infinity, text, mentions: [...mentions], at, edited_at: null, deleted: false, version: 0 };
    this.send({ key, method: 'POST', path: `/api/cards/${this.id}/comments`, body: { text, mentions: mentions.map(({ id }) => id) }, part: { of: 'comment', make } });
  }

  resay(comment: Comment, text: string, mentions: readonly Person[]): void {
    const body = { text, mentions: mentions.map(({ id }) => id) };
    this.send({ method: 'PATCH', path: `/api/comments/${comment.id}`, body, part: { of: 'comment', id: comment.id, set: { text, mentions: [...mentions] } } });
  }

  unsay(comment: Comment): void {
    this.send({ method: 'DELETE', path: `/api/comments/${comment.id}`, part: { of: 'comment', id: comment.id, set: { deleted: true, text: '' } } });
  }

  apply({ data }: Pick<Publication, 'name' | 'data'>): void {
    const told = data as { card?: Card; item?: Item; item_id?: string; comment?: Comment; attachment?: CardFile; attachment_id?: string; claim?: Claim; review?: Review; description?: string };
    if (told.card?.id !== this.id || !this.rows) return;
    const rows = { ...this.rows };
    if (told.item) rows.items = withRow(rows.items, told.item);
    if (told.item_id) rows.items = rows.items.filter(({ id }) => id !== told.item_id);
    if (told.comment) this.heard(rows, told.comment);
    if (told.attachment) rows.attachments = withFile(rows.attachments, told.attachment);
    if (told.attachment_id) rows.attachments = rows.attachments.filter(({ id }) => id !== told.attachment_id);
    if (told.claim) rows.claims = [...rows.claims.filter(({ id }) => id !== told.claim!.id), told.claim];
    if (told.review) rows.reviews = [...rows.reviews.filter(({ id }) => id !== told.review!.id), told.review];
    const version = told.card.fields.description ?? 0;
    if (typeof told.description === 'string' && version >= this.words) {
      rows.description = told.description;
      this.words = version;
    }
    this.rows = rows;
  }

  /** One from before what is here comes with its page. */
  private heard(rows: Pick<CardRows, 'comments'>, comment: Comment): void {
    if (this.older.some(({ id }) => id === comment.id)) this.older = withRow(this.older, comment);
    else if (!(comment.place < this.first)) rows.comments = withRow(rows.comments, comment);
  }

  private send({ part, ...wish }: { key?: string; method: Command['method']; path: string; body?: unknown; after?: string; part: Part }): void {
    void this.board.command({ ...wish, change: { do: 'within', card: this.id, part }, card: this.id, title: this.card?.title ?? '' });
  }

  /** The answer to one's own command: the row, before its publication comes. */
  private taken({ change, edits, body }: Command, answer: unknown): void {
    if (change.do !== 'within' || change.card !== this.id || !this.rows) return;
    const { part } = change;
    if (part.of === 'description') {
      const version = (answer as Card).fields.description ?? 0;
      const { base } = (body as { description: { base: number } }).description;
      if (version > base + 1) return this.joined();
      if (version >= this.words) this.rows = { ...this.rows, description: edits?.description ?? part.text };
      this.words = Math.max(this.words, version);
    } else if (part.of === 'item') {
      const items = 'gone' in part ? this.rows.items.filter(({ id }) => id !== part.id) : withRow(this.rows.items, answer as Item);
      this.rows = { ...this.rows, items };
    } else if (part.of === 'file') {
      const { attachments } = this.rows;
      this.rows = { ...this.rows, attachments: 'gone' in part ? attachments.filter(({ id }) => id !== part.id) : withFile(attachments, answer as CardFile) };
    } else if (answer) {
      const rows = { ...this.rows };
      this.heard(rows, answer as Comment);
      this.rows = rows;
    }
  }

  /** The server made one text of this person's and somebody else's: its words come with the fact, or are asked for. */
  private joined(): void {
    this.onJoined();
    void this.load();
  }

  private take({ card, ...rows }: CardRows): void {
    this.told = card;
    this.words = card.fields.description ?? 0;
    // Pages asked for before join what comes anew, where nothing is missing between.
    const from = Math.min(...rows.comments.map(({ place }) => place));
    const held = [...this.older, ...(this.rows?.comments ?? [])].filter(({ place }) => place < from);
    this.older = Math.max(...held.map(({ place }) => place)) === from - 1 ? held : [];
    this.rows = rows;
  }

  private release(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const fact of held) this.apply(fact);
  }
}

function withRow<Row extends { id: string; version: number }>(rows: readonly Row[], row: Row): Row[] {
  const old = rows.find(({ id }) => id === row.id);
  if (!old) return [...rows, row];
  return old.version > row.version ? [...rows] : rows.map((one) => (one.id === row.id ? row : one));
}

function withFile(files: readonly CardFile[], file: CardFile): CardFile[] {
  return [...files.filter(({ id }) => id !== file.id), file];
}

function layFiles(told: readonly CardFile[], parts: readonly Part[]): readonly CardFile[] {
  return parts.reduce((files, part) => {
    if (part.of !== 'file') return files;
    return 'gone' in part ? files.filter(({ id }) => id !== part.id) : withFile(files, part.make);
  }, told);
}

function layItems(told: readonly Item[], parts: readonly Part[]): Item[] {
  const items = [...told].sort(byRank);
  for (const part of parts) {
    if (part.of !== 'item') continue;
    if ('make' in part) {
      if (!items.some(({ id }) => id === part.make.id)) items.splice(placeIn(items, part.place ?? {}), 0, part.make);
      continue;
    }
    const at = items.findIndex(({ id }) => id === part.id);
    if (at < 0) continue;
    if ('set' in part) items[at] = { ...items[at]!, ...part.set };
    else {
      const [item] = items.splice(at, 1);
      if ('move' in part) items.splice(placeIn(items, part.move), 0, item!);
    }
  }
  return items;
}

function layComments(told: readonly Comment[], parts: readonly Part[]): Comment[] {
  const comments = [...told].sort((one, other) => one.place - other.place);
  for (const part of parts) {
    if (part.of !== 'comment') continue;
    if ('make' in part) {
      if (!comments.some(({ id }) => id === part.make.id)) comments.push(part.make);
    } else {
      const at = comments.findIndex(({ id }) => id === part.id);
      if (at >= 0) comments[at] = { ...comments[at]!, ...part.set };
    }
  }
  return comments;
}
