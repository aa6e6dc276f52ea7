import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { playDelayed } from './delayed';

type Heard = (name: string, fault: object) => void;
const player = vi.hoisted(() => ({ heard: (() => {}) as Heard, loaded: 0 }));
vi.mock('hls.js/light', () => ({
  default: class {
    static Events = { ERROR: 'error' };
    static ErrorTypes = { MEDIA_ERROR: 'media' };
    static ErrorDetails = { MANIFEST_LOAD_ERROR: 'manifest' };
    static isSupported = (): boolean => true;
    config = {};
    on = (_: string, heard: Heard): void => void (player.heard = heard);
    loadSource = (): void => void player.loaded++;
    attachMedia = (): void => {};
    destroy = (): void => {};
  },
}));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function fails(code: number, details = 'level'): void {
  player.heard('error', { fatal: true, type: 'network', details, response: { code } });
}

it('asks for a moved stage at once, and for one that is gone only now and then', async () => {
  const played = playDelayed(document.createElement('video'), '/x', false, () => {});
  await vi.waitFor(() => expect(player.loaded).toBe(1));
  const asked = (ms: number): number => {
    const before = player.loaded;
    vi.advanceTimersByTime(ms);
    return player.loaded - before;
  };
  fails(404);
  expect(asked(400)).toBe(1);
  for (let i = 0; i < 5; i++) {
    fails(404);
    expect([asked(2_900), asked(200)]).toEqual([0, 1]);
  }
  fails(404, 'manifest');
  expect([asked(2_900), asked(200)]).toEqual([0, 1]);
  asked(60_000);
  fails(404);
  expect(asked(400)).toBe(1);
  played.close();
});

it('asks for the player again until it comes, and not after it was closed', async () => {
  const { default: Hls } = await import('hls.js/light');
  let asked = 0;
  const library = (): Promise<{ default: typeof Hls }> => (++asked < 3 ? Promise.reject(new TypeError('offline')) : Promise.resolve({ default: Hls }));
  const begun = vi.fn();
  const played = playDelayed(document.createElement('video'), '/x', false, begun, library);
  await vi.advanceTimersByTimeAsync(6_100);
  expect([asked, begun.mock.calls.length]).toEqual([3, 1]);
  played.close();

  asked = -100;
  playDelayed(document.createElement('video'), '/x', false, begun, library).close();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toBe(-99);
});
