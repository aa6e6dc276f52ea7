/** The service worker's answer for a page, with the network and the caches in the test's hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';

const CODE = readFileSync(join(process.cwd(), 'public/sw.js'), 'utf8');
const shell = new Response('shell');
let kept: Response | undefined;

/** What a navigation is answered, with this network. */
function answered(network: () => Promise<Response>): Promise<Response> {
  const heard = new Map<string, (event: unknown) => void>();
  const self = { location: new URL('https://multaqa.test/'), addEventListener: (name: string, does: (event: unknown) => void) => heard.set(name, does) };
  new Function('self', 'caches', 'fetch', CODE)(self, { match: () => Promise.resolve(kept) }, network);
  return new Promise((respondWith) => heard.get('fetch')!({ request: { method: 'GET', mode: 'navigate', url: 'https://multaqa.test/b/1' }, respondWith }));
}

describe('a page by the service worker', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    kept = shell;
  });

  it('is the kept shell on a line that hangs, that is gone, or that finds no server', async () => {
    const hanging = answered(() => new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await hanging).toBe(shell);
    expect(await answered(() => Promise.reject(new TypeError('gone')))).toBe(shell);
    expect(await answered(() => Promise.resolve(new Response('', { status: 503 })))).toBe(shell);
  });

  it('is what the server says otherwise, or as long as it takes where nothing is kept', async () => {
    const page = new Response('page');
    expect(await answered(() => Promise.resolve(page))).toBe(page);
    kept = undefined;
    const late = answered(() => new Promise((resolve) => setTimeout(resolve, 60_000, page)));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await late).toBe(page);
  });
});
