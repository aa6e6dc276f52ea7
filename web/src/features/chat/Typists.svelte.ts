/** Who is writing in a chat at this moment, and saying that one is. */
import type { Person } from '~/net/shapes';

/** Somebody who typed this recently is still typing. */
const TYPING_MS = 4_500;
/** Said again only this often however fast the keys go. */
const SAY_TYPING_MS = 3_000;
/** What they typed before they sent may be told after it. */
const LATE_MS = 2_000;

export abstract class Typists {
  typing = $state.raw<Person[]>([]);
  private typists = new Map<string, { person: Person; until: number }>();
  private sent = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private said = Number.NEGATIVE_INFINITY;

  protected abstract signalTyping(): void;

  sayTyping(now: number = Date.now()): void {
    if (now - this.said < SAY_TYPING_MS) return;
    this.said = now;
    this.signalTyping();
  }

  /** Their message has come: they type no more. */
  stoppedTyping(person: string): void {
    this.sent.set(person, Date.now());
    if (this.typists.delete(person)) this.forget();
  }

  protected typed(people: Person[] = []): void {
    const now = Date.now();
    for (const person of people) if (now - (this.sent.get(person.id) ?? 0) > LATE_MS) this.typists.set(person.id, { person, until: now + TYPING_MS });
    this.forget();
  }

  /** Who is here, by name: whoever left types no more. */
  protected stayed(people: Person[]): void {
    const here = new Set(people.map(({ id }) => id));
    for (const id of this.typists.keys()) if (!here.has(id)) this.typists.delete(id);
    this.forget();
  }

  protected quiet(): void {
    clearTimeout(this.timer);
  }

  private forget(): void {
    const now = Date.now();
    for (const [id, { until }] of this.typists) if (until <= now) this.typists.delete(id);
    this.typing = [...this.typists.values()].map(({ person }) => person);
    clearTimeout(this.timer);
    if (this.typists.size > 0) this.timer = setTimeout(() => this.forget(), 1_000);
  }
}
