/** Who else is at the board and what they do: told in passing, forgotten when not repeated. */
import type { Signal } from '~/net/shapes';

export type Doing = 'looking' | 'editing' | 'dragging' | 'away';
export interface Working { card_id?: string | null; doing: Doing; field?: string | null; column_id?: string | null; before?: string | null }
export interface There extends Working { id: string; name: string; until: number }

const REPEAT_MS = 10_000;
const FORGET_MS = 20_000;
const APART_MS = 1_000;

export class Company {
  private others = $state.raw<ReadonlyMap<string, There>>(new Map());
  readonly all: readonly There[] = $derived([...this.others.values()]);
  private own: Working = { doing: 'looking' };
  private repeating: ReturnType<typeof setInterval> | undefined;
  private next: ReturnType<typeof setTimeout> | undefined;
  private said = 0;

  constructor(private readonly me: string, private readonly say: (data: Working) => void) {}

  open(): void {
    this.repeating = setInterval(() => {
      if (document.visibilityState === 'visible') this.now();
      const now = Date.now();
      const still = this.all.filter(({ until }) => until > now);
      if (still.length < this.all.length) this.others = new Map(still.map((one) => [one.id, one]));
    }, REPEAT_MS / 2);
  }

  close(): void {
    clearInterval(this.repeating);
    clearTimeout(this.next);
    this.say({ doing: 'away' });
  }

  heard({ name, data }: Signal): void {
    if (name !== 'working') return;
    const others = new Map(this.others);
    for (const [id, one] of Object.entries((data.at ?? {}) as Record<string, Omit<There, 'until'>>)) {
      if (id === this.me) continue;
      if (one.doing === 'away') others.delete(id);
      else others.set(id, { ...one, id, until: Date.now() + FORGET_MS });
    }
    this.others = others;
  }

  /** What this person does now. Told at most once a second. */
  does(working: Working): void {
    if (JSON.stringify(working) === JSON.stringify(this.own)) return;
    this.own = working;
    if (this.next) return;
    this.next = setTimeout(() => this.now(), Math.max(0, this.said + APART_MS - Date.now()));
  }

  on(card: string): There[] {
    return this.all.filter(({ card_id }) => card_id === card);
  }

  /** Somebody holds a card over this place: before another, or without one at the end of the column. */
  landing(column: string, before: string | null = null): boolean {
    return this.all.some((one) => one.doing === 'dragging' && one.column_id === column && (one.before ?? null) === before);
  }

  private now(): void {
    clearTimeout(this.next);
    this.next = undefined;
    this.said = Date.now();
    this.say(this.own);
  }
}
