import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './api';
import { at, FakeNetwork } from './fake';
import { follow, type Plan } from './live';
import type { Position } from './shapes';

let network: FakeNetwork;
let log: string[];
beforeEach(() => {
  vi.useFakeTimers();
  network = new FakeNetwork();
  log = [];
});
afterEach(() => vi.useRealTimers());

interface Rows { position?: Position; n: number }

function plan(load: () => Promise<Rows>, more: Partial<Plan<Rows>> = {}): Plan<Rows> {
  return {
    channel: 'board:1',
    load,
    reset: (rows) => log.push(`reset ${rows.n}`),
    publication: (publication) => log.push(`got ${publication.offset}`),
    trouble: (error) => error && log.push(error.code),
    ...more,
  };
}
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('follow', () => {
  it('loads, subscribes from the position of the rows, applies', async () => {
    follow(network.client, plan(async () => ({ position: at(4), n: 1 })));
    await settled();
    network.socket.hello().subscribed('board:1', 4);
    network.socket.publish('board:1', 5);
    expect(network.socket.sent[0]).toMatchObject({ do: 'subscribe', position: at(4) });
    expect(log).toEqual(['reset 1', 'got 5']);
  });

  it('loads again after the wait when history is gone', async () => {
    let n = 0;
    follow(network.client, plan(async () => ({ position: at(++n * 10), n })));
    await settled();
    network.socket.hello().subscribed('board:1', 20, [], false);
    await vi.advanceTimersByTimeAsync(99);
    expect(log).toEqual(['reset 1']);
    await vi.advanceTimersByTimeAsync(1);
    network.socket.publish('board:1', 21);
    expect(log).toEqual(['reset 1', 'reset 2', 'got 21']);
  });

  it('tries on while the server cannot be reached, and stops when refused', async () => {
    const answers = [new ApiError(0, 'network.unreachable', ''), new ApiError(404, 'board.missing', '')];
    let asked = 0;
    follow(network.client, plan(() => Promise.reject(answers[asked++]!)));
    await vi.advanceTimersByTimeAsync(60_000);
    expect([asked, log]).toEqual([2, ['network.unreachable', 'board.missing']]);
  });

  it('says why a channel was closed to it, and is back where it is open again', async () => {
    const refused = new ApiError(403, 'ban.here', 'no');
    const answers = [async () => ({ position: at(4), n: 1 }), async () => ({ position: at(6), n: 2 }), () => Promise.reject(refused)];
    follow(network.client, plan(() => answers.shift()!()));
    await settled();
    network.socket.hello().subscribed('board:1', 4);
    network.socket.say({ type: 'unsubscribed', channel: 'board:1', code: 'access.lost' });
    await settled();
    network.socket.subscribed('board:1', 6);
    network.socket.publish('board:1', 7);
    network.socket.say({ type: 'unsubscribed', channel: 'board:1', code: 'access.lost' });
    await settled();
    expect(log).toEqual(['reset 1', 'reset 2', 'got 7', 'ban.here']);
  });

  it('loads after subscribing where rows have no position, and loses nothing between', async () => {
    let give: (rows: Rows) => void = () => {};
    follow(network.client, plan(() => new Promise((resolve) => (give = resolve)), { headFirst: true }));
    network.socket.hello().subscribed('board:1', 7);
    network.socket.publish('board:1', 8);
    expect(log).toEqual([]);
    give({ n: 1 });
    await settled();
    network.socket.publish('board:1', 9);
    expect(log).toEqual(['reset 1', 'got 8', 'got 9']);
  });

  it('is silent after close', async () => {
    let give: (rows: Rows) => void = () => {};
    const followed = follow(network.client, plan(() => new Promise((resolve) => (give = resolve))));
    followed.close();
    give({ position: at(1), n: 1 });
    await settled();
    expect([log, network.sockets]).toEqual([[], []]);
  });
});
