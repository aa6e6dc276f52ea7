/** The quality of a viewer's connection: what they chose, what is sent, and what each choice costs. */
import type { MediaLink } from './link';
import { keep, keptMode, type Mode } from './mode';

export const MODES: readonly Mode[] = ['automatic', 'high', 'low', 'audio'];

/** What the server answers (server/domain/viewing.py, `QualityView`). */
export interface Told {
  mode: Mode;
  /** Differs from `mode` while the server's line is nearly full. */
  effective: Mode;
  reason: 'network' | 'uplink' | null;
  /** `codec`: this browser cannot show what is sent to that slot. */
  sends: { slot: number; layer: number | null; layers: number; reason: 'codec' | null }[];
  kbps: number;
  /** Megabytes an hour. */
  costs: Record<Mode, number>;
}

/** Layouts move for a moment: the server hears of where they came to rest. A hall's windows move together, and
 * must not all tell it at once. */
const SETTLE_MS = 400;
const SPREAD_MS = 400;
const ASK_MS = 10_000;

/** Speaks with the server about one connection, whichever it is at the moment. Close it with the page. */
export class Quality {
  mode: Mode = keptMode();
  private widths: Record<number, number> | null = null;
  /** What was said last, and to which connection; null when it may not have arrived. */
  private said: string | null = null;
  private settling: ReturnType<typeof setTimeout> | undefined;
  private readonly asking: ReturnType<typeof setInterval>;

  constructor(
    private readonly link: () => Pick<MediaLink, 'location' | 'state'> | null,
    private readonly onTold: (told: Told) => void,
    private readonly get: typeof fetch = (...given) => fetch(...given),
    private readonly random: () => number = Math.random,
  ) {
    this.asking = setInterval(() => void this.tell(), ASK_MS);
  }

  choose(mode: Mode): void {
    this.mode = mode;
    keep(mode);
    void this.tell();
  }

  /** How wide each slot's picture is drawn, in the screen's pixels; 0 is out of sight. */
  show(widths: Record<number, number>): void {
    this.widths = widths;
    clearTimeout(this.settling);
    if (this.choice() === this.said) return;
    this.settling = setTimeout(() => void this.tell(), SETTLE_MS + this.random() * SPREAD_MS);
  }

  /** A new connection knows nothing yet. */
  again(): void {
    void this.tell();
  }

  close(): void {
    clearTimeout(this.settling);
    clearInterval(this.asking);
  }

  private choice(): string {
    return `${this.link()?.location} ${this.body()}`;
  }

  private body(): string {
    return JSON.stringify({ mode: this.mode, shown: this.widths });
  }

  /** Says what is wanted where that is news to the connection, and hears what is sent in any case. */
  private async tell(): Promise<void> {
    const link = this.link();
    if (!link?.location || link.state !== 'connected') return;
    const choice = this.choice();
    const news = choice !== this.said;
    this.said = choice;
    try {
      const answer = await this.get(`${link.location}/quality`, {
        credentials: 'same-origin',
        ...(news ? { method: 'PUT', body: this.body(), headers: { 'Content-Type': 'application/json' } } : {}),
      });
      if (answer.ok) return this.onTold((await answer.json()) as Told);
    } catch {
      // As when it was refused.
    }
    // The next change or the next question tells it.
    if (this.said === choice) this.said = null;
  }
}
