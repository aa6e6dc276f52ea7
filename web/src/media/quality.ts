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
  sends: { slot: number; layer: number | null; layers: number }[];
  kbps: number;
  /** Megabytes an hour. */
  costs: Record<Mode, number>;
}

/** Layouts move for a moment: the server hears of where they came to rest. */
const SETTLE_MS = 400;
const ASK_MS = 10_000;

/** Speaks with the server about one connection, whichever it is at the moment. Close it with the page. */
export class Quality {
  mode: Mode = keptMode();
  private widths: Record<number, number> | null = null;
  private settling: ReturnType<typeof setTimeout> | undefined;
  private readonly asking: ReturnType<typeof setInterval>;

  constructor(
    private readonly link: () => Pick<MediaLink, 'location' | 'state'> | null,
    private readonly onTold: (told: Told) => void,
    private readonly get: typeof fetch = (...given) => fetch(...given),
  ) {
    this.asking = setInterval(() => void this.tell(null), ASK_MS);
  }

  choose(mode: Mode): void {
    this.mode = mode;
    keep(mode);
    void this.tell(this.choice());
  }

  /** How wide each slot's picture is drawn, in the screen's pixels; 0 is out of sight. */
  show(widths: Record<number, number>): void {
    this.widths = widths;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => void this.tell(this.choice()), SETTLE_MS);
  }

  /** A new connection knows nothing yet. */
  again(): void {
    void this.tell(this.choice());
  }

  close(): void {
    clearTimeout(this.settling);
    clearInterval(this.asking);
  }

  private choice(): { mode: Mode; shown: Record<number, number> | null } {
    return { mode: this.mode, shown: this.widths };
  }

  private async tell(choice: { mode: Mode; shown: Record<number, number> | null } | null): Promise<void> {
    const link = this.link();
    if (!link?.location || link.state !== 'connected') return;
    try {
      const answer = await this.get(`${link.location}/quality`, {
        credentials: 'same-origin',
        ...(choice ? { method: 'PUT', body: JSON.stringify(choice), headers: { 'Content-Type': 'application/json' } } : {}),
      });
      if (answer.ok) this.onTold((await answer.json()) as Told);
    } catch {
      // The next change or the next question tells it.
    }
  }
}
