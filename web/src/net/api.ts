/**
 * Commands and questions to the server. A command carries an idempotency key; when the outcome is unknown
 * (no answer, a proxy's error) it is sent again with the SAME key, so it happens once. Anything refused is
 * an ApiError with a sentence for the reader.
 */
import { language, t } from '~/i18n/t.svelte';
import { newKey } from './keys';

export class ApiError extends Error {
  override name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    sentence: string,
    readonly fields: Record<string, string> = {},
    readonly requestId: string | null = null,
    readonly retryAfterMs: number | null = null,
    /** The problem as it was told, for who knows its code. */
    readonly details: Record<string, unknown> = {},
  ) {
    super(sentence);
  }

  /** Whether asking again later could give another answer. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The sentence to show for anything thrown. */
export function sentence(error: unknown): string {
  return error instanceof ApiError ? error.message : t('core.error.unknown');
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export interface Asking {
  key?: string;
  signal?: AbortSignal;
  /** How long an unknown outcome is tried again. */
  patienceMs?: number;
}

const UNKNOWN_OUTCOME = new Set([0, 502, 503, 504]);
const PATIENCE_MS = 45_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
const ATTEMPT_MS = 20_000;

export class Api {
  /** Told when somebody's login has ended under them. */
  onLoginNeeded: () => void = () => {};
  /** Told true while a command waits for the network, false when none does. */
  onWaiting: (waiting: boolean) => void = () => {};
  private waiting = 0;

  constructor(
    private readonly fetch_: typeof fetch = (...given) => fetch(...given),
    private readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void> = sleepOrOnline,
  ) {}

  get<T>(path: string, asking: Asking = {}): Promise<T> {
    return this.ask<T>('GET', path, undefined, { patienceMs: 8_000, ...asking });
  }
  post<T = void>(path: string, body?: unknown, asking?: Asking): Promise<T> {
    return this.ask<T>('POST', path, body, asking);
  }
  put<T = void>(path: string, body?: unknown, asking?: Asking): Promise<T> {
    return this.ask<T>('PUT', path, body, asking);
  }
  patch<T = void>(path: string, body?: unknown, asking?: Asking): Promise<T> {
    return this.ask<T>('PATCH', path, body, asking);
  }
  delete<T = void>(path: string, asking?: Asking): Promise<T> {
    return this.ask<T>('DELETE', path, undefined, asking);
  }

  private async ask<T>(method: Method, path: string, body: unknown, asking: Asking = {}): Promise<T> {
    const key = asking.key ?? newKey();
    const until = Date.now() + (asking.patienceMs ?? PATIENCE_MS);
    let waited = false;
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.once<T>(method, path, body, key, asking.signal);
        } catch (error) {
          const wait = waitAfter(error, attempt);
          if (wait === null || asking.signal?.aborted || Date.now() + wait > until) throw error;
          if (!waited && method !== 'GET') {
            waited = true;
            this.count(+1);
          }
          await this.sleep(wait, asking.signal);
        }
      }
    } catch (error) {
      if (error instanceof ApiError && error.code === 'login.needed') this.onLoginNeeded();
      throw error;
    } finally {
      if (waited) this.count(-1);
    }
  }

  private count(change: number): void {
    this.waiting += change;
    this.onWaiting(this.waiting > 0);
  }

  private async once<T>(method: Method, path: string, body: unknown, key: string, signal?: AbortSignal): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': language.locale };
    if (method !== 'GET') headers['Idempotency-Key'] = key;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    const limit = setTimeout(stop, ATTEMPT_MS);
    signal?.addEventListener('abort', stop);
    let answer: Response;
    try {
      answer = await this.fetch_(path, {
        method, headers, credentials: 'same-origin',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: attempt.signal,
      });
      if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'network.unreachable', t('core.error.network'));
    } finally {
      clearTimeout(limit);
      signal?.removeEventListener('abort', stop);
    }
    throw await refused(answer);
  }
}

function waitAfter(error: unknown, attempt: number): number | null {
  if (!(error instanceof ApiError)) return null;
  if (error.status === 429 && error.retryAfterMs !== null && error.retryAfterMs <= LONGEST_WAIT_MS) return error.retryAfterMs;
  if (!UNKNOWN_OUTCOME.has(error.status)) return null;
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return Math.max(error.retryAfterMs ?? 0, wait * (0.5 + Math.random() / 2));
}

interface Problem { code?: string; detail?: string; title?: string; request_id?: string; fields?: unknown }

async function refused(answer: Response): Promise<ApiError> {
  let problem: Problem = {};
  try {
    problem = (await answer.json()) as Problem;
  } catch {
    // A proxy's page, not ours: the status must do.
  }
  const after = Number(answer.headers.get('Retry-After'));
  return new ApiError(
    answer.status,
    problem.code ?? `http.${answer.status}`,
    problem.detail ?? (answer.status >= 500 ? t('core.error.server') : t('core.error.unknown')),
    fieldSentences(problem.fields),
    problem.request_id ?? null,
    Number.isFinite(after) && after > 0 ? after * 1000 : null,
    problem as Record<string, unknown>,
  );
}

function fieldSentences(fields: unknown): Record<string, string> {
  if (typeof fields !== 'object' || fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** Waits, but no longer than until the network is said to be back. */
function sleepOrOnline(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal?.addEventListener('abort', done);
  });
}

export const api = new Api();
