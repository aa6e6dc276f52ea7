/**
 * How every store stays true: load a snapshot by HTTP, subscribe from its position, apply what follows,
 * and begin again with a fresh snapshot when history cannot fill a gap. Tries for as long as the page is
 * open, unless the server refuses for good.
 */
import { t } from '~/i18n/t.svelte';
import { ApiError } from './api';
import type { Following, LiveClient } from './socket';
import type { Position, Publication, Signal } from './shapes';

export interface Plan<Rows> {
  channel: string;
  /** Rows with the position they belong to. Rows without one are loaded after subscribing: see `headFirst`. */
  load(signal: AbortSignal): Promise<Rows>;
  /** What differs per person has no position: subscribe at the head first, then load, then apply what came meanwhile. */
  headFirst?: boolean;
  /** Fresh rows: replace everything. */
  reset(rows: Rows): void;
  publication(publication: Publication): void;
  signal?(signal: Signal): void;
  /** Why there is nothing to show (again null when there is). Final ones are never tried again. */
  trouble?(error: ApiError | null): void;
}

export interface Followed {
  signal(name: string, data: unknown): void;
  /** Ends it; nothing is called afterwards. */
  close(): void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 20_000;

export function follow<Rows extends { position?: Position }>(client: LiveClient, plan: Plan<Rows>): Followed {
  const ending = new AbortController();
  let following: Following | null = null;
  let failures = 0;
  /** While rows without a position load, what arrives waits here. */
  let held: Publication[] | null = null;

  async function fetchRows(): Promise<Rows | null> {
    while (!ending.signal.aborted) {
      try {
        const rows = await plan.load(ending.signal);
        if (ending.signal.aborted) return null;
        failures = 0;
        plan.reset(rows);
        plan.trouble?.(null);
        return rows;
      } catch (error) {
        if (ending.signal.aborted) return null;
        const known = error instanceof ApiError ? error : new ApiError(0, 'client.fault', String(error));
        plan.trouble?.(known);
        if (!known.passing || known.code === 'client.fault') {
          if (known.code === 'client.fault') console.error(error);
          following?.stop();
          return null;
        }
        const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++);
        await pause(longest * (0.5 + Math.random() / 2));
      }
    }
    return null;
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      ending.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  }

  function subscribe(position: Position | null): void {
    following = client.follow(plan.channel, {
      position,
      publication: (publication) => (held ? held.push(publication) : plan.publication(publication)),
      ...(plan.signal ? { signal: (signal: Signal) => plan.signal!(signal) } : {}),
      ...(plan.headFirst ? { ready: () => void loadAtHead() } : {}),
      lost: (waitMs) => void again(waitMs),
      // Asked once more, the server says why it is closed, or that it is open again.
      closed: (code) => (code === 'access.lost' && !plan.headFirst ? void begin() : plan.trouble?.(new ApiError(403, code, t('core.error.access_lost')))),
    });
  }

  let loaded = false;
  async function loadAtHead(): Promise<void> {
    if (loaded) return;
    loaded = true;
    held = [];
    const rows = await fetchRows();
    const waiting = held;
    held = null;
    if (rows) for (const publication of waiting) plan.publication(publication);
  }

  async function again(waitMs: number): Promise<void> {
    await pause(waitMs);
    const rows = await fetchRows();
    if (rows) following?.resume(rows.position ?? null);
  }

  async function begin(): Promise<void> {
    const rows = await fetchRows();
    if (rows) subscribe(rows.position ?? null);
  }

  if (plan.headFirst) subscribe(null);
  else void begin();

  return {
    signal: (name, data) => following?.signal(name, data),
    close: () => {
      ending.abort();
      following?.stop();
    },
  };
}
