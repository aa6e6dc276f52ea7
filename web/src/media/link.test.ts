import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { ANSWER, created, fakeDoor, FakePeer, problem, renamed } from './fake';
import { MediaLink, type LinkState } from './link';

beforeAll(() => language.use('en'));

let peers: FakePeer[];
let states: (LinkState | string)[];
let connected: number;
const links: MediaLink[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  peers = [];
  states = [];
  connected = 0;
});
afterEach(() => {
  links.splice(0).forEach((one) => one.close());
  vi.useRealTimers();
});

function link(door: ReturnType<typeof fakeDoor>): MediaLink {
  const made = new MediaLink(
    {
      url: () => '/whep/s?feed=air',
      make: () => {
        const peer = new FakePeer();
        peers.push(peer);
        return peer as unknown as RTCPeerConnection;
      },
      onState: (state, fault) => states.push(fault ? `${state} ${fault.code}` : state),
      onConnected: () => connected++,
    },
    { fetch: door.fetch, random: () => 0.5 },
  );
  links.push(made);
  return made;
}
/** As long as it takes, timers and modules alike. */
const until = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 20_000 });
const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('MediaLink', () => {
  it('offers at once, takes the answer, and frees its place when closed', async () => {
    const door = fakeDoor(created());
    const one = link(door);
    one.open();
    await settle();
    peers[0]!.become('connected');
    one.close();
    expect(peers[0]!.answer).toBe(ANSWER);
    expect(states).toEqual(['connecting', 'connected', 'closed']);
    expect(door.asked).toEqual([{ url: '/whep/s?feed=air', method: 'POST' }, { url: '/whep/s/n.1', method: 'DELETE' }]);
    expect(peers[0]!.closed).toBe(true);
  });

  it('waits as long as a closed stage says, then offers again', async () => {
    const door = fakeDoor(problem(409, 'session.closed', 5), created());
    link(door).open();
    await settle();
    expect(states.at(-1)).toBe('connecting session.closed');
    await settle(6_249);
    expect(door.asked).toHaveLength(1);
    await settle(1);
    peers[1]!.become('connected');
    expect(states.at(-1)).toBe('connected');
  });

  it.each(['failed', 'closed'])('comes back by itself when the connection is %s', async (state) => {
    const door = fakeDoor(created());
    link(door).open();
    await settle();
    peers[0]!.become('connected');
    peers[0]!.become(state);
    await settle(1_000);
    peers[1]!.become('connected');
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(connected).toBe(2);
  });

  it('comes back when the server hangs up', async () => {
    link(fakeDoor(created())).open();
    await settle();
    peers[0]!.become('connected');
    peers[0]!.hangUp();
    await settle(1_000);
    expect(peers).toHaveLength(2);
  });

  it('gives a silent pair a moment', async () => {
    const door = fakeDoor(created());
    link(door).open();
    await settle();
    peers[0]!.become('connected');
    peers[0]!.become('disconnected');
    await settle(1_400);
    peers[0]!.become('connected');
    await settle(20_000);
    expect(door.asked).toHaveLength(1);
    expect(connected).toBe(1); // the streams are the same: no picture begins anew
  });

  it('then takes another way to the same connection', async () => {
    const door = fakeDoor(created(), renamed('fresh'));
    link(door).open();
    await settle();
    peers[0]!.become('connected');
    peers[0]!.become('disconnected');
    await until(() => expect(peers[0]!.answer).toContain('ufrag:fresh'));
    expect(door.asked[1]).toEqual({
      url: '/whep/s/n.1', method: 'PATCH', body: 'a=ice-ufrag:ours2\r\na=ice-pwd:ours2-secret\r\nm=audio 9 X 0\r\na=mid:0\r\n',
    });
    expect(peers[0]!.answer).toBe(ANSWER.replaceAll('theirs', 'fresh'));
    peers[0]!.become('connected');
    await settle(60_000);
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect([peers.length, connected]).toEqual([1, 1]);
  });

  it('does so at once when the network is said to be another one', async () => {
    const door = fakeDoor(created(), new TypeError('not yet'), renamed('fresh'));
    link(door).open();
    await settle();
    peers[0]!.become('connected');
    dispatchEvent(new Event('online'));
    await until(() => expect(door.asked).toHaveLength(3));
    await settle(20_000);
    expect(peers[0]!.answer).toContain('ufrag:fresh');
    expect(states).toEqual(['connecting', 'connected']);
  });

  it.each([
    ['refused', [created(), problem(404, 'not_found'), created()]],
    ['of no use', [created(), renamed('fresh'), created()]],
  ])('begins anew when that is %s', async (_, answers) => {
    const door = fakeDoor(...answers);
    link(door).open();
    await settle();
    peers[0]!.become('connected');
    peers[0]!.become('disconnected');
    await until(() => expect(door.asked[1]?.method).toBe('PATCH'));
    await settle(8_000);
    expect(peers).toHaveLength(2);
    expect(peers[0]!.closed).toBe(true);
  });

  it('tries for ever while nothing answers, with growing patience', async () => {
    const door = fakeDoor(new TypeError('offline'));
    link(door).open();
    await settle(60_000);
    const inAMinute = door.asked.length;
    await settle(600_000);
    expect(inAMinute).toBeGreaterThan(5);
    expect(inAMinute).toBeLessThan(12);
    expect(door.asked.length).toBeGreaterThan(40);
  });

  it('does not wait for its turn once the network is back', async () => {
    const door = fakeDoor(new TypeError('offline'), new TypeError('offline'), new TypeError('offline'), created());
    link(door).open();
    await settle(2_200);
    expect([door.asked.length, states.at(-1)]).toEqual([3, 'connecting network.unreachable']);
    dispatchEvent(new Event('online'));
    await settle();
    expect(door.asked).toHaveLength(4);
  });

  it('stops where the answer will never change', async () => {
    const door = fakeDoor(problem(403, 'not_allowed'));
    link(door).open();
    await settle(60_000);
    expect(states).toEqual(['connecting', 'refused not_allowed']);
    expect(door.asked).toHaveLength(1);
  });

  it('begins anew when a handshake never ends', async () => {
    link(fakeDoor(created())).open();
    await settle(17_000);
    expect(peers.length).toBe(2);
    expect(peers[0]!.closed).toBe(true);
  });

  it('gives back a place that came after it was closed', async () => {
    let answer: (given: Response) => void = () => {};
    const asked: string[] = [];
    const one = new MediaLink(
      { url: () => '/whep/s', make: () => new FakePeer() as unknown as RTCPeerConnection, onState: () => {} },
      {
        fetch: (url, init) => {
          asked.push(`${init?.method} ${String(url)}`);
          return init?.method === 'DELETE' ? Promise.resolve(new Response()) : new Promise((resolve) => (answer = resolve));
        },
      },
    );
    one.open();
    await settle();
    one.close();
    answer(created('/whep/s/n.9'));
    await settle();
    expect(asked).toEqual(['POST /whep/s', 'DELETE /whep/s/n.9']);
  });
});
