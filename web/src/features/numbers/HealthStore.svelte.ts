/** How a stage is doing, asked every few seconds while somebody looks. */
import { api as theApi, type Api } from '~/net/api';
import type { Health } from '~/net/shapes';

const EVERY_MS = 5_000;

export class HealthStore {
  health = $state.raw<Health | null>(null);
  /** The server, or its media part, did not answer the last time. */
  away = $state(false);

  constructor(
    private readonly session: string,
    private readonly api: Pick<Api, 'get'> = theApi,
  ) {}

  /** Ends with what it returns. */
  open(): () => void {
    const over = new AbortController();
    const ask = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        this.health = await this.api.get<Health>(`/api/sessions/${this.session}/stage/health`, { signal: over.signal });
        this.away = false;
      } catch {
        this.away = !over.signal.aborted;
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), EVERY_MS);
    return () => {
      clearInterval(timer);
      over.abort();
    };
  }
}
