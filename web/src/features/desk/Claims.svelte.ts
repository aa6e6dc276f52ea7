/** Who has what in hand at the desk: each moderator says so while they look, and unsaid it is forgotten. */
import { account } from '~/app/me.svelte';
import type { Person, Signal } from '~/net/shapes';

const SAID_EVERY_MS = 4_000;
const LASTS_MS = 9_000;

export class Claims {
  /** By item (`question:ID`, `held:ID`, `report:ID`): another moderator. */
  by = $state.raw<ReadonlyMap<string, Person>>(new Map());
  private readonly heard = new Map<string, { person: Person; until: number }>();
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly say: (item: string) => void,
    /** What lies before this moderator, if anything does. */
    private readonly current: () => string | null,
    private readonly me: string = account.me?.person.id ?? '',
  ) {}

  open(): void {
    this.timer = setInterval(() => this.tell(), SAID_EVERY_MS);
  }

  close(): void {
    clearInterval(this.timer);
  }

  hear({ name, data }: Pick<Signal, 'name' | 'data'>): void {
    if (name !== 'claim') return;
    const until = Date.now() + LASTS_MS;
    for (const [item, person] of Object.entries(data.claims as Record<string, Person>)) {
      if (person.id !== this.me) this.heard.set(item, { person, until });
    }
    this.forget();
  }

  tell(): void {
    this.forget();
    const item = this.current();
    if (item && !document.hidden) this.say(item);
  }

  private forget(): void {
    const now = Date.now();
    for (const [item, { until }] of this.heard) if (until <= now) this.heard.delete(item);
    this.by = new Map([...this.heard].map(([item, { person }]) => [item, person]));
  }
}
