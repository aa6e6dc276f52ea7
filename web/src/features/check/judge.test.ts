import { describe, expect, it } from 'vitest';
import { CheckStore, type Probes } from './CheckStore.svelte';
import { ofClock, ofRelay, ofServer, ofSpeed, ofUdp, verdict, wayName } from './judge';
import type { Met } from './probes';

const met: Met = { how: 'connected', ms: 80 };
const blocked: Met = { how: 'blocked' };

describe('what was found means', () => {
  it.each([
    [ofServer(120), 'good', 'good'],
    [ofServer(900), 'weak', 'weak'],
    [ofServer(null), 'bad', 'bad'],
    [ofClock(20_000), 'good', 'good'],
    [ofClock(-3_600_000), 'weak', 'behind'],
    [ofClock(200_000), 'weak', 'ahead'],
    [ofUdp(met), 'good', 'good'],
    [ofUdp(blocked), 'weak', 'blocked'],
    [ofUdp({ how: 'away' }), 'bad', 'away'],
    [ofRelay([], true), 'good', 'unneeded'],
    [ofRelay([], false), 'bad', 'none'],
    [ofRelay([{ name: 'UDP', met: blocked }], false), 'bad', 'bad'],
    [ofRelay([{ name: 'UDP', met: blocked }], true), 'weak', 'spare'],
    [ofRelay([{ name: 'UDP', met: blocked }, { name: 'TCP', met }], false), 'good', 'good'],
    [ofSpeed(5e6), 'good', 'good'],
    [ofSpeed(4e5), 'weak', 'weak'],
    [ofSpeed(2e4), 'bad', 'slow'],
  ])('%o', (finding, grade, says) => {
    expect([finding.grade, finding.says]).toEqual([grade, says]);
  });

  it('names the ways to a relay', () => {
    expect(['turn:a:1', 'turn:a:1?transport=tcp', 'turns:a:2?transport=tcp'].map(wayName)).toEqual(['UDP', 'TCP', 'TLS']);
  });

  it('comes to one sentence', () => {
    const good = { server: ofServer(10), socket: { grade: 'good', says: 'good' } as const, speed: ofSpeed(9e6) };
    expect(verdict({ ...good, udp: ofUdp(met), relay: ofRelay([], true) })).toBe('good');
    expect(verdict({ ...good, udp: ofUdp(blocked), relay: ofRelay([{ name: 'TCP', met }], false) })).toBe('relay');
    expect(verdict({ ...good, udp: ofUdp(blocked), relay: ofRelay([], false) })).toBe('media');
    expect(verdict({ ...good, udp: ofUdp(met), relay: ofRelay([], true), speed: ofSpeed(3e5) })).toBe('weak');
    expect(verdict({ server: ofServer(null) })).toBe('server');
  });
});

describe('the checks', () => {
  const probes = (change: Partial<Probes>): Probes => ({
    start: () => Promise.resolve({ delayMs: 30, ahead: 0, iceServers: [{ urls: ['turn:a:1', 'turns:a:2'], username: 'u', credential: 'c' }] }),
    socket: () => Promise.resolve(true),
    meet: () => Promise.resolve(met),
    speed: () => Promise.resolve(9e6),
    ...change,
  });

  it('run to their end without a server', async () => {
    const store = new CheckStore(probes({ start: () => Promise.resolve(null), socket: () => Promise.resolve(false) }));
    await store.run();
    expect(store.running).toBeNull();
    expect(store.done).toBe(true);
    expect(store.verdict).toBe('server');
  });

  it('try every way to the relay', async () => {
    const asked: unknown[] = [];
    Object.assign(globalThis, { RTCPeerConnection: class {} });
    const store = new CheckStore(probes({ meet: (through) => (asked.push(through?.urls), Promise.resolve(through ? met : blocked)) }));
    await store.run();
    expect(asked).toEqual([undefined, 'turn:a:1', 'turns:a:2']);
    expect(store.found.relay).toEqual({ grade: 'good', says: 'good', values: { ways: 'UDP · TLS' } });
    expect(store.verdict).toBe('relay');
  });
});
