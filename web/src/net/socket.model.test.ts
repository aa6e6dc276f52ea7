/** Random followers, cuts, gaps, refusals and slow snapshots: everybody ends with exactly what was published. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, FakeNetwork, type FakeSocket, publication } from './fake';
import type { Follower, Following } from './socket';
import type { Position, Publication } from './shapes';

const CHANNEL = 'session:1';
const STEPS = 300;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function dice(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

/** Keeps rows as a store does: a snapshot up to some offset, then every publication. */
class Store implements Follower {
  upTo: number | null;
  loading = false;
  faults: string[] = [];
  following!: Following;
  constructor(public position: Position | null) {
    this.upTo = position?.offset ?? null;
  }
  publication({ offset }: Publication): void {
    if (this.loading) this.faults.push(`${offset} while loading`);
    if (this.upTo !== null && offset !== this.upTo + 1) this.faults.push(`${offset} after ${this.upTo}`);
    this.upTo = offset;
  }
  ready(): void {
    this.upTo ??= this.position!.offset;
  }
  lost(): void {
    this.loading = true;
  }
  closed(code: string): void {
    this.faults.push(code);
  }
}

class World {
  network = new FakeNetwork();
  head = 0;
  stores: Store[] = [];
  private subscribed = new Map<FakeSocket, boolean>();
  private seen = 0;
  private wire: (() => void)[] = [];
  constructor(private roll: (below: number) => number) {}

  publish(losing = 20): void {
    const offset = ++this.head;
    const socket = this.network.sockets.at(-1);
    if (socket && this.subscribed.get(socket) && (losing === 0 || this.roll(losing) > 0)) this.later(socket, () => socket.publish(CHANNEL, offset));
  }
  /** A page part appears, with a snapshot that may be old, or without one. */
  appear(): void {
    const store = new Store(this.roll(4) === 0 ? null : at(Math.max(0, this.head - this.roll(6))));
    this.stores.push(store);
    store.following = this.network.client.follow(CHANNEL, store);
  }
  disappear(): void {
    const [store] = this.stores.splice(this.roll(this.stores.length), 1);
    store?.following.stop();
  }
  /** A snapshot has been loaded, from a server that may be a little behind. */
  load(): void {
    const store = this.stores.find(({ loading }) => loading);
    if (!store) return;
    store.loading = false;
    store.upTo = Math.max(0, this.head - this.roll(3));
    store.following.resume(at(store.upTo));
  }
  cut(): void {
    this.network.sockets.at(-1)?.drop(1006);
  }
  /** The server reads what it was sent and answers some time later, in order. */
  serve(calm = false): void {
    const socket = this.network.sockets.at(-1);
    if (!socket) return;
    if (!this.subscribed.has(socket)) {
      this.subscribed.set(socket, false);
      this.seen = 0;
      this.later(socket, () => socket.hello());
    }
    for (; this.seen < socket.sent.length; this.seen++) this.answer(socket, socket.sent[this.seen]!, calm);
  }
  private answer(socket: FakeSocket, frame: Record<string, unknown>, calm: boolean): void {
    if (frame.do === 'unsubscribe') this.subscribed.set(socket, false);
    if (frame.do !== 'subscribe') return;
    const from = (frame.position as Position | null)?.offset;
    const [head, fate] = [Math.max(this.head, from ?? 0), calm ? 9 : this.roll(10)];
    this.subscribed.set(socket, fate !== 0);
    if (fate === 0) return this.later(socket, () => socket.say({ type: 'reply', id: frame.id, error: { code: 'server.busy', message: '' } }));
    const recovered = fate > 1;
    const missed = recovered && from !== undefined ? Array.from({ length: head - from }, (_, n) => publication(CHANNEL, from + 1 + n)) : [];
    const ok = { recovered, position: at(head), publications: missed, ...(recovered ? {} : { jitter_ms: [0, 0] }) };
    this.later(socket, () => socket.say({ type: 'reply', id: frame.id, ok }));
  }
  private later(socket: FakeSocket, say: () => void): void {
    this.wire.push(() => socket.readyState === 1 && say());
  }
  hear(): void {
    this.wire.shift()?.();
  }
  settle(): void {
    for (let round = 0; round < 60; round++) {
      vi.advanceTimersByTime(30_000 / 60);
      for (let n = 0; n < 20; n++) {
        this.load();
        this.serve(true);
        while (this.wire.length) this.hear();
      }
    }
  }
}

describe('any order of things', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))('ends with everything, once and in order (%i)', (seed) => {
    const roll = dice(seed + 1);
    const world = new World(roll);
    const steps = [
      ...Array<() => void>(5).fill(() => world.publish()),
      ...Array<() => void>(4).fill(() => world.serve()),
      ...Array<() => void>(8).fill(() => world.hear()),
      () => world.appear(),
      () => world.load(),
      () => world.stores.length > 3 && world.disappear(),
      () => roll(4) === 0 && world.cut(),
      () => vi.advanceTimersByTime(roll(2_000)),
    ];
    for (let step = 0; step < STEPS; step++) steps[roll(steps.length)]!();
    world.appear();
    world.settle();
    world.publish(0); // without it nothing would tell of an earlier one that was lost on the wire
    world.settle();
    expect(world.network.client.state).toBe('online');
    for (const store of world.stores) expect([store.faults, store.upTo]).toEqual([[], world.head]);
  });
});
