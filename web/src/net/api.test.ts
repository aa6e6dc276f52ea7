import { beforeAll, describe, expect, it, vi } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { Api, ApiError } from './api';
import { newKey } from './keys';

beforeAll(() => language.use('en'));

type Answer = Response | Error;
interface Call { path: string; method: string; key: string | null; body: unknown; language: string | null }

function server(...answers: Answer[]): { api: Api; calls: Call[]; waits: number[]; waiting: boolean[] } {
  const calls: Call[] = [];
  const waits: number[] = [];
  const waiting: boolean[] = [];
  const api = new Api(
    (path, init) => {
      const headers = new Headers(init?.headers);
      calls.push({
        path: String(path), method: init?.method ?? 'GET', key: headers.get('Idempotency-Key'),
        body: init?.body ? JSON.parse(String(init.body)) : undefined, language: headers.get('Accept-Language'),
      });
      const answer = answers.shift()!;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    async (ms) => void waits.push(ms),
  );
  api.onWaiting = (now) => waiting.push(now);
  return { api, calls, waits, waiting };
}

const ok = (body: unknown): Response => new Response(JSON.stringify(body), { status: 200 });
const problem = (status: number, body: unknown, headers = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });

describe('commands', () => {
  it('carry a key, a body and the reader’s language', async () => {
    const { api, calls } = server(ok({ id: 1 }));
    expect(await api.post('/api/x', { a: 1 })).toEqual({ id: 1 });
    expect(calls[0]).toMatchObject({ path: '/api/x', method: 'POST', body: { a: 1 }, language: 'en' });
    expect(calls[0]!.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it('with an unknown outcome are sent again with the same key', async () => {
    const { api, calls, waits, waiting } = server(new TypeError('gone'), problem(503, {}), ok({}));
    await api.post('/api/x', {});
    expect(new Set(calls.map((call) => call.key)).size).toBe(1);
    expect(calls).toHaveLength(3);
    expect(waits).toHaveLength(2);
    expect(waiting).toEqual([true, false]);
  });

  it('refused are an error with the server’s sentence and fields, and are not repeated', async () => {
    const { api, calls } = server(problem(422, { code: 'body.invalid', detail: 'Look again.', request_id: 'r1', fields: { title: 'Too long.' } }));
    const error = await api.post('/api/x', {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, code: 'body.invalid', message: 'Look again.', fields: { title: 'Too long.' }, requestId: 'r1' });
    expect(calls).toHaveLength(1);
  });

  it('wait as long as a busy server asks, when that is short', async () => {
    const { api, waits } = server(problem(429, { code: 'rate.limited', detail: '' }, { 'Retry-After': '2' }), ok({}));
    await api.post('/api/x', {});
    expect(waits).toEqual([2_000]);
  });

  it('give up after their patience with a sentence', async () => {
    const { api } = server(new TypeError('gone'), new TypeError('gone'));
    const error = await api.post('/api/x', {}, { patienceMs: 0 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 0, code: 'network.unreachable', message: 'We could not reach the server. Check your network and try again.' });
  });

  it('tell when the login is over', async () => {
    const { api } = server(problem(401, { code: 'login.needed', detail: '' }));
    api.onLoginNeeded = vi.fn();
    await api.get('/api/me').catch(() => {});
    expect(api.onLoginNeeded).toHaveBeenCalledOnce();
  });

  it('understand 204 and a page that is not JSON', async () => {
    const { api } = server(new Response(null, { status: 204 }), new Response('<h1>nope', { status: 400 }));
    expect(await api.delete('/api/x')).toBeUndefined();
    expect(await api.delete('/api/x').catch((thrown: ApiError) => thrown.code)).toBe('http.400');
  });
});

describe('keys', () => {
  it('are UUIDv7: time first, version and variant set, never the same', () => {
    const keys = Array.from({ length: 100 }, () => newKey(1_700_000_000_000));
    expect(new Set(keys).size).toBe(100);
    for (const key of keys) expect(key).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(newKey(1) < newKey(2)).toBe(true);
  });
});
