/** From what was found to what it means. `good`, `weak` and `bad` are for the reader; the rest picks their sentence. */
import type { Met } from './probes';

export type Grade = 'good' | 'weak' | 'bad';
export interface Finding { grade: Grade; says: string; values?: Record<string, number | string> }

const QUICK_MS = 400;
/** Certificates and one-time links are judged by the clock; chat shows times by it. */
const CLOCK_MS = 60_000;
const PICTURE_BPS = 1_800_000;
const SOUND_BPS = 150_000;

export function ofBrowser(at: { rtc: boolean; secure: boolean }): Finding {
  if (!at.rtc) return { grade: 'bad', says: 'unsupported' };
  return at.secure ? { grade: 'good', says: 'good' } : { grade: 'weak', says: 'insecure' };
}

export function ofServer(delayMs: number | null): Finding {
  if (delayMs === null) return { grade: 'bad', says: 'bad' };
  return { grade: delayMs <= QUICK_MS ? 'good' : 'weak', says: delayMs <= QUICK_MS ? 'good' : 'weak', values: { ms: Math.round(delayMs) } };
}

export function ofClock(aheadMs: number): Finding {
  const minutes = Math.max(1, Math.round(Math.abs(aheadMs) / 60_000));
  if (Math.abs(aheadMs) <= CLOCK_MS) return { grade: 'good', says: 'good' };
  return { grade: 'weak', says: aheadMs > 0 ? 'ahead' : 'behind', values: { minutes } };
}

export function ofSocket(opened: boolean): Finding {
  return opened ? { grade: 'good', says: 'good' } : { grade: 'bad', says: 'bad' };
}

export function ofUdp(met: Met): Finding {
  if (met.how === 'connected') return { grade: 'good', says: 'good', values: { ms: Math.round(met.ms) } };
  return { grade: met.how === 'blocked' ? 'weak' : 'bad', says: met.how };
}

/** The relay is needed only where the straight way is closed. */
export function ofRelay(ways: { name: string; met: Met }[], straight: boolean): Finding {
  if (ways.length === 0) return { grade: straight ? 'good' : 'bad', says: straight ? 'unneeded' : 'none' };
  const through = ways.filter(({ met }) => met.how === 'connected').map(({ name }) => name);
  if (through.length === 0) return { grade: straight ? 'weak' : 'bad', says: straight ? 'spare' : 'bad' };
  return { grade: 'good', says: 'good', values: { ways: through.join(' · ') } };
}

export function ofSpeed(bps: number | null): Finding {
  if (bps === null) return { grade: 'bad', says: 'bad' };
  const mbps = Math.min(100, bps / 1e6); // one short fetch tells no more
  const values = { mbps: mbps < 10 ? Math.round(mbps * 10) / 10 : Math.round(mbps) };
  if (bps >= PICTURE_BPS) return { grade: 'good', says: 'good', values };
  return bps >= SOUND_BPS ? { grade: 'weak', says: 'weak', values } : { grade: 'bad', says: 'slow', values };
}

/** What it comes to: the one sentence on top. */
export function verdict(found: Partial<Record<string, Finding>>): 'good' | 'relay' | 'weak' | 'media' | 'server' {
  if (found.server?.grade === 'bad') return 'server';
  if (found.browser?.grade === 'bad') return 'media';
  const straight = found.udp?.grade === 'good';
  const relayed = found.relay?.says === 'good';
  if (!straight && !relayed) return 'media';
  if (found.socket?.grade === 'bad' || (found.speed && found.speed.grade !== 'good') || found.server?.grade === 'weak') return 'weak';
  return straight ? 'good' : 'relay';
}

/** `turn:host:3478?transport=tcp` -> "TCP", as a reader may have heard of it. */
export function wayName(url: string): string {
  if (url.startsWith('turns:')) return 'TLS';
  return url.includes('transport=tcp') ? 'TCP' : 'UDP';
}
