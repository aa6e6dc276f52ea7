import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keptMode } from './mode';
import { Quality, type Told } from './quality';

const told: Told = { mode: 'low', effective: 'low', reason: null, sends: [], kbps: 200, costs: { automatic: 600, high: 600, low: 90, audio: 14 } };

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});
afterEach(() => vi.useRealTimers());

function asked(): { seen: { url: string; body: unknown }[]; get: typeof fetch } {
  const seen: { url: string; body: unknown }[] = [];
  const get: typeof fetch = (url, init) => {
    seen.push({ url: String(url), body: init?.body ? JSON.parse(String(init.body)) : null });
    return Promise.resolve(Response.json(told));
  };
  return { seen, get };
}

describe('Quality', () => {
  it('tells the choice at once and keeps it for the next visit', async () => {
    const { seen, get } = asked();
    const heard: Told[] = [];
    const one = new Quality(() => ({ location: '/whep/s/m0.1', state: 'connected' }), (now) => heard.push(now), get);
    one.choose('low');
    await vi.advanceTimersByTimeAsync(0);
    one.close();
    expect(seen).toEqual([{ url: '/whep/s/m0.1/quality', body: { mode: 'low', shown: null } }]);
    expect(heard).toEqual([told]);
    expect(keptMode()).toBe('low');
  });

  it('tells sizes once they rest', async () => {
    const { seen, get } = asked();
    const one = new Quality(() => ({ location: '/whep/s/m0.1', state: 'connected' }), () => {}, get);
    for (let width = 0; width < 500; width += 100) one.show({ 0: width });
    await vi.advanceTimersByTimeAsync(1_000);
    one.close();
    expect(seen).toEqual([{ url: '/whep/s/m0.1/quality', body: { mode: 'automatic', shown: { 0: 400 } } }]);
  });

  it('says nothing again, until the connection is another one or it did not arrive', async () => {
    const { seen, get } = asked();
    let answers = get;
    const link = { location: '/whep/s/m0.1', state: 'connected' as const };
    const one = new Quality(() => link, () => {}, (...given) => answers(...given));
    const shows = async (width: number): Promise<number> => {
      one.show({ 0: width });
      await vi.advanceTimersByTimeAsync(1_000);
      return seen.filter(({ body }) => body !== null).length;
    };
    // Each word spoken draws the pictures anew, as wide as they were.
    expect([await shows(400), await shows(400), await shows(500), await shows(500)]).toEqual([1, 1, 2, 2]);
    link.location = '/whep/s/m0.2';
    one.again();
    expect(await shows(500)).toBe(3);
    answers = () => Promise.resolve(new Response(null, { status: 429 }));
    expect(await shows(600)).toBe(3);
    answers = get;
    await vi.advanceTimersByTimeAsync(10_000);
    one.close();
    expect(seen.filter(({ body }) => body !== null).at(-1)).toEqual({ url: '/whep/s/m0.2/quality', body: { mode: 'automatic', shown: { 0: 600 } } });
  });

  it('says nothing without a connection', async () => {
    const { seen, get } = asked();
    const one = new Quality(() => ({ location: null, state: 'connecting' }), () => {}, get);
    one.choose('audio');
    await vi.advanceTimersByTimeAsync(30_000);
    one.close();
    expect(seen).toEqual([]);
  });

  it('begins with sound alone where data is saved', () => {
    vi.stubGlobal('navigator', { ...navigator, connection: { saveData: true } });
    expect(keptMode()).toBe('audio');
    vi.unstubAllGlobals();
    expect(keptMode()).toBe('automatic');
  });
});
