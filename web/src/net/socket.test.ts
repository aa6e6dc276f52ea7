import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, FakeNetwork, publication } from './fake';
import type { Follower, Following } from './socket';
import type { Position, Publication } from './shapes';

const CHANNEL = 'session:1';
let network: FakeNetwork;

beforeEach(() => {
  vi.useFakeTimers();
  network = new FakeNetwork();
});
afterEach(() => vi.useRealTimers());

class Listener implements Follower {
  got: number[] = [];
  lostAfter: number[] = [];
  codes: string[] = [];
  readies = 0;
  signals: unknown[] = [];
  constructor(public position: Position | null) {}
  publication(publication: Publication): void {
    this.got.push(publication.offset);
  }
  signal(signal: { data: unknown }): void {
    this.signals.push(signal.data);
  }
  ready(): void {
    this.readies++;
  }
  lost(waitMs: number): void {
    this.lostAfter.push(waitMs);
  }
  closed(code: string): void {
    this.codes.push(code);
  }
}

function follow(offset: number | null): { listener: Listener; following: Following } {
  const listener = new Listener(offset === null ? null : at(offset));
  return { listener, following: network.client.follow(CHANNEL, listener) };
}

const asked = (): unknown[] => network.socket.sent.filter((frame) => frame.do === 'subscribe').map((frame) => frame.position);

describe('following', () => {
  it('subscribes from the snapshot position after the greeting and applies the replay', () => {
    const { listener } = follow(3);
    expect(network.socket.sent).toEqual([]);
    network.socket.hello().subscribed(CHANNEL, 5, [publication(CHANNEL, 4), publication(CHANNEL, 5)]);
    network.socket.publish(CHANNEL, 6);
    expect(asked()).toEqual([at(3)]);
    expect(listener.got).toEqual([4, 5, 6]);
    expect(listener.readies).toBe(1);
  });

  it('drops what it has already', () => {
    const { listener } = follow(3);
    network.socket.hello().subscribed(CHANNEL, 3);
    network.socket.publish(CHANNEL, 3);
    network.socket.publish(CHANNEL, 4);
    network.socket.publish(CHANNEL, 4);
    expect(listener.got).toEqual([4]);
  });

  it('asks again from the last position when a publication is missing', () => {
    const { listener } = follow(3);
    network.socket.hello().subscribed(CHANNEL, 3);
    network.socket.publish(CHANNEL, 6);
    expect(asked()).toEqual([at(3), at(3)]);
    network.socket.subscribed(CHANNEL, 5, [publication(CHANNEL, 4), publication(CHANNEL, 5)]);
    expect(listener.got).toEqual([4, 5, 6]);
  });

  it('keeps what arrives between the subscribe and its reply', () => {
    const { listener } = follow(3);
    network.socket.hello();
    network.socket.publish(CHANNEL, 5);
    network.socket.subscribed(CHANNEL, 4, [publication(CHANNEL, 4)]);
    expect(listener.got).toEqual([4, 5]);
  });

  it('gives two followers of one channel each their own beginning over one subscription', () => {
    const first = follow(8);
    network.socket.hello().subscribed(CHANNEL, 8);
    const second = follow(6);
    expect(asked()).toEqual([at(8), at(6)]);
    network.socket.subscribed(CHANNEL, 8, [publication(CHANNEL, 7), publication(CHANNEL, 8)]);
    const third = follow(9);
    network.socket.publish(CHANNEL, 9);
    network.socket.publish(CHANNEL, 10);
    expect(asked()).toHaveLength(2);
    expect([first, second, third].map(({ listener }) => listener.got)).toEqual([[9, 10], [7, 8, 9, 10], [10]]);
  });

  it('asks again for a follower that came while the subscribe was on its way and needs more', () => {
    const first = follow(10);
    network.socket.hello();
    const second = follow(5);
    network.socket.publish(CHANNEL, 13);
    network.socket.subscribed(CHANNEL, 12, [publication(CHANNEL, 11), publication(CHANNEL, 12)]);
    expect(asked()).toEqual([at(10), at(5)]);
    expect([first.listener.got, second.listener.got, second.listener.readies]).toEqual([[11, 12, 13], [], 0]);
    network.socket.publish(CHANNEL, 14);
    network.socket.subscribed(CHANNEL, 13, [6, 7, 8, 9, 10, 11, 12, 13].map((n) => publication(CHANNEL, n)));
    expect(first.listener.got).toEqual([11, 12, 13, 14]);
    expect(second.listener.got).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(second.listener.readies).toBe(1);
  });

  it('gives a position its replay even where another follower only asked for the head', () => {
    const head = follow(null);
    network.socket.hello();
    const { listener } = follow(8);
    network.socket.subscribed(CHANNEL, 10);
    network.socket.subscribed(CHANNEL, 10, [publication(CHANNEL, 9), publication(CHANNEL, 10)]);
    expect([head.listener.got, listener.got]).toEqual([[], [9, 10]]);
  });

  it('asks again when its position is of another history', () => {
    follow(8);
    network.socket.hello().subscribed(CHANNEL, 8);
    const other = new Listener({ offset: 8, id: 'restored' });
    network.client.follow(CHANNEL, other);
    expect(asked()).toHaveLength(2);
    network.socket.subscribed(CHANNEL, 8, [], false);
    expect(other.lostAfter).toEqual([100]);
  });

  it('begins at the head without a position', () => {
    const { listener } = follow(null);
    network.socket.hello().subscribed(CHANNEL, 40);
    network.socket.publish(CHANNEL, 41);
    expect([listener.got, listener.position]).toEqual([[41], at(41)]);
  });

  it('unsubscribes when the last follower leaves', () => {
    const first = follow(1);
    const second = follow(1);
    network.socket.hello().subscribed(CHANNEL, 1);
    first.following.stop();
    expect(network.socket.sent.filter((frame) => frame.do === 'unsubscribe')).toEqual([]);
    second.following.stop();
    expect(network.socket.sent.filter((frame) => frame.do === 'unsubscribe')).toHaveLength(1);
  });

  it('tells every follower when the channel is closed to it', () => {
    const { listener } = follow(1);
    network.socket.hello().subscribed(CHANNEL, 1);
    network.socket.say({ type: 'unsubscribed', channel: CHANNEL, code: 'access.lost' });
    network.socket.publish(CHANNEL, 2);
    expect([listener.codes, listener.got]).toEqual([['access.lost'], []]);
  });

  it('tells of a refused subscription', () => {
    const { listener } = follow(1);
    network.socket.hello();
    network.socket.say({ type: 'reply', id: 1, error: { code: 'channel.refused', message: 'no' } });
    expect(listener.codes).toEqual(['channel.refused']);
  });

  it('asks a busy server again, later each time', () => {
    const { listener } = follow(3);
    network.socket.hello();
    const waits: number[] = [];
    for (let round = 1; round < 4; round++) {
      network.socket.say({ type: 'reply', id: network.socket.sent.at(-1)!.id, error: { code: 'server.busy', message: '' } });
      follow(3).following.stop();
      for (waits.push(0); asked().length === round; waits[round - 1]! += 250) vi.advanceTimersByTime(250);
    }
    network.socket.subscribed(CHANNEL, 4, [publication(CHANNEL, 4)]);
    expect(waits).toEqual([750, 1_500, 3_000]);
    expect([listener.got, listener.codes]).toEqual([[4], []]);
  });

  it('asks nothing after a busy answer once the connection is another one', () => {
    follow(3);
    network.socket.hello().say({ type: 'reply', id: 1, error: { code: 'server.busy', message: '' } });
    network.client.drop();
    network.client.nudge();
    network.socket.hello().subscribed(CHANNEL, 3);
    vi.advanceTimersByTime(10_000);
    expect(asked()).toEqual([at(3)]);
  });

  it('passes signals and sends them', () => {
    const { listener, following } = follow(1);
    network.socket.hello().subscribed(CHANNEL, 1);
    network.socket.say({ type: 'signal', channel: CHANNEL, name: 'presence', data: { count: 2 } });
    following.signal('typing', {});
    expect(listener.signals).toEqual([{ count: 2 }]);
    expect(network.socket.sent.at(-1)).toMatchObject({ do: 'signal', channel: CHANNEL, name: 'typing', data: {} });
  });
});

describe('coming back', () => {
  it('reconnects and subscribes with the last position of all', () => {
    const { listener } = follow(3);
    network.socket.hello().subscribed(CHANNEL, 3);
    network.socket.publish(CHANNEL, 4);
    network.socket.drop();
    expect(network.client.state).toBe('waiting');
    vi.advanceTimersByTime(1_000);
    network.socket.hello().subscribed(CHANNEL, 6, [publication(CHANNEL, 5), publication(CHANNEL, 6)]);
    expect(network.sockets).toHaveLength(2);
    expect(asked()).toEqual([at(4)]);
    expect(listener.got).toEqual([4, 5, 6]);
  });

  it('lets the follower load its snapshot when history is gone, and goes on from there', () => {
    const { listener, following } = follow(3);
    network.socket.hello().subscribed(CHANNEL, 900, [], false);
    expect(listener.lostAfter).toEqual([100]);
    network.socket.publish(CHANNEL, 901);
    network.socket.publish(CHANNEL, 902);
    expect(listener.got).toEqual([]);
    following.resume(at(901));
    network.socket.publish(CHANNEL, 903);
    expect(listener.got).toEqual([902, 903]);
    expect(asked()).toHaveLength(1);
  });

  it('asks for what lies between when the snapshot is older than the subscription', () => {
    const { listener, following } = follow(3);
    network.socket.hello().subscribed(CHANNEL, 900, [], false);
    network.socket.publish(CHANNEL, 901);
    following.resume(at(899));
    expect(asked()).toEqual([at(3), at(899)]);
    network.socket.subscribed(CHANNEL, 901, [publication(CHANNEL, 900), publication(CHANNEL, 901)]);
    expect(listener.got).toEqual([900, 901]);
  });

  it('treats silence as a dead line, and answers beats', () => {
    follow(1);
    network.socket.hello();
    vi.advanceTimersByTime(44_000);
    network.socket.say({ type: 'beat' });
    expect(network.socket.sent.at(-1)).toEqual({ do: 'beat' });
    vi.advanceTimersByTime(44_000);
    expect(network.client.state).toBe('online');
    vi.advanceTimersByTime(1_001);
    expect([network.client.state, network.sockets[0]!.closed]).toEqual(['waiting', true]);
  });

  it('honours the spread the server asks for', () => {
    follow(1);
    network.socket.hello().drop(1012, 'retry=2000-6000');
    vi.advanceTimersByTime(3_999);
    expect(network.sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(network.sockets).toHaveLength(2);
  });

  it('spreads wider than asked for when coming back has failed before', () => {
    follow(1);
    for (const waited of [500, 1_000, 2_000, 4_000]) {
      network.socket.drop(1012, 'retry=0-1000');
      const before = network.sockets.length;
      vi.advanceTimersByTime(waited - 1);
      expect(network.sockets).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(network.sockets).toHaveLength(before + 1);
    }
  });

  it('waits longer after every failure and forgets failures once calm', () => {
    follow(1);
    const waits: number[] = [];
    for (let round = 0; round < 7; round++) {
      network.socket.drop();
      const before = network.sockets.length;
      let waited = 0;
      while (network.sockets.length === before) {
        vi.advanceTimersByTime(250);
        waited += 250;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]);
    network.socket.hello();
    vi.advanceTimersByTime(5_000);
    network.socket.drop();
    vi.advanceTimersByTime(750);
    expect(network.socket.closed).toBe(false);
    expect(network.sockets).toHaveLength(9);
  });

  it.each([3500, 3501, 3502, 3503])('stays away after %i', (code) => {
    follow(1);
    network.socket.hello().drop(code);
    vi.advanceTimersByTime(120_000);
    expect([network.client.state, network.sockets.length]).toEqual(['stopped', 1]);
    expect(network.states.at(-1)).toEqual(['stopped', code]);
  });

  it('does not wait for the timer when the network is back', () => {
    follow(1);
    network.socket.hello();
    network.client.drop();
    network.client.nudge();
    expect([network.client.state, network.sockets.length]).toEqual(['connecting', 2]);
  });

  it('begins anew for another person', () => {
    const { listener } = follow(1);
    network.socket.hello().subscribed(CHANNEL, 1);
    network.client.reset();
    expect([network.client.state, network.socket.closed]).toEqual(['idle', true]);
    const second = follow(null);
    network.socket.hello().subscribed(CHANNEL, 7);
    network.socket.publish(CHANNEL, 8);
    expect([listener.got, second.listener.got]).toEqual([[], [8]]);
  });
});
