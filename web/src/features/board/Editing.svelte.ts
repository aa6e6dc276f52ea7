/**
 * A value that is being changed in a field, while others may change it, too. What it was when that began and the
 * version it is written over are held until it is sent: nobody's newer words are overwritten unseen, and a field that
 * was only looked at sends nothing. Nothing is written into it meanwhile.
 */
import { readDraft, writeDraft } from '~/features/chat/drafts';
import type { BoardStore } from './BoardStore.svelte';
import type { Card, Editable } from './shapes';

/** Words, and the version that they are written over. */
export interface Written { text: string; base: number }
interface Own extends Written { begun?: string }

export class Editing {
  private own = $state.raw<Own | null>(null);
  private kept = $state.raw<Own | null>(null);

  /** `told`: the value as it is now. `place`: where words that are not sent outlive the page. */
  constructor(private readonly told: () => Written, private readonly place = '') {
    this.kept = place ? read(place) : null;
  }

  get on(): boolean {
    return this.own !== null;
  }

  get text(): string {
    return this.own?.text ?? this.told().text;
  }

  set text(text: string) {
    this.begin();
    this.own = { ...this.own!, text };
    if (this.place) writeDraft(this.place, text === this.own.begun ? '' : JSON.stringify(this.own));
  }

  /** Words of an earlier visit that were not sent. They are only taken up when their person asks for them. */
  get left(): Own | null {
    return !this.own && this.kept && this.kept.text !== this.told().text ? this.kept : null;
  }

  /** Somebody has changed it since. */
  get newer(): boolean {
    return this.own !== null && this.told().base > this.own.base;
  }

  begin(from: Own | null = null): void {
    if (this.own) return;
    const { text, base } = this.told();
    this.own = from ?? { text, base, begun: text };
  }

  /** What is to be sent; null when nothing was changed, or when it already says so. */
  end(clean = (text: string): string => text.trim()): Written | null {
    const { own } = this;
    this.own = null;
    if (!own || own.text === own.begun) return null;
    this.drop();
    const text = clean(own.text);
    return text === own.begun || text === this.told().text ? null : { text, base: own.base };
  }

  /** Leaves the field; the words stay for later. */
  leave(): void {
    if (this.own && this.own.text !== this.own.begun) this.kept = this.own;
    this.own = null;
  }

  /** The words are not wanted, or are sent. */
  drop(): void {
    this.own = this.kept = null;
    if (this.place) writeDraft(this.place, '');
  }
}

/** The version of a card's field as it is shown: also of a card that the board does not hold yet. */
export function versionOf(board: BoardStore, card: Card, field: keyof Editable): number {
  return board.unsent(card.id, field) ? board.seen(card.id, field) : (card.fields[field] ?? 0);
}

function read(place: string): Own | null {
  try {
    const kept = JSON.parse(readDraft(place) || 'null') as Own | null;
    return typeof kept?.text === 'string' && typeof kept.base === 'number' ? kept : null;
  } catch {
    return null;
  }
}
