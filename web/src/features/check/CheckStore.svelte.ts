/** The checks in their order, each waiting, running or found; and the text that goes to whoever helps. */
import { capture, remembered } from '~/media/devices';
import type { DeviceFault } from '~/media/faults';
import * as judge from './judge';
import type { Finding } from './judge';
import * as theProbes from './probes';

export const CHECKS = ['browser', 'server', 'clock', 'socket', 'udp', 'relay', 'speed'] as const;
export type Check = (typeof CHECKS)[number];
export type Probes = Pick<typeof theProbes, 'start' | 'socket' | 'meet' | 'speed'>;

export class CheckStore {
  running = $state<Check | null>(null);
  found = $state.raw<Partial<Record<Check, Finding>>>({});
  devices = $state<'idle' | 'asking' | 'good' | DeviceFault>('idle');
  done = $derived(CHECKS.every((check) => this.found[check]));
  verdict = $derived(judge.verdict(this.found));

  constructor(private readonly probes: Probes = theProbes) {}

  async run(): Promise<void> {
    if (this.running) return;
    this.found = {};
    const rtc = typeof RTCPeerConnection !== 'undefined';
    await this.step('browser', () => Promise.resolve(judge.ofBrowser({ rtc, secure: globalThis.isSecureContext })));
    let begun: theProbes.Start | null = null;
    await this.step('server', async () => judge.ofServer((begun = await this.probes.start())?.delayMs ?? null));
    const start = begun as theProbes.Start | null;
    if (start) await this.step('clock', () => Promise.resolve(judge.ofClock(start.ahead)));
    else this.note('clock', { grade: 'weak', says: 'unknown' });
    await this.step('socket', async () => judge.ofSocket(await this.probes.socket()));
    const away: theProbes.Met = { how: 'away' };
    await this.step('udp', async () => judge.ofUdp(rtc && start ? await this.probes.meet() : away));
    await this.step('relay', async () => judge.ofRelay(rtc && start ? await this.relays(start.iceServers) : [], this.found.udp?.grade === 'good'));
    await this.step('speed', async () => judge.ofSpeed(start ? await this.probes.speed() : null));
    this.running = null;
  }

  /** Every way to the relay for itself: which one a network lets through is what helpers want to know. */
  private relays(servers: RTCIceServer[]): Promise<{ name: string; met: theProbes.Met }[]> {
    const ways = servers.flatMap((server) => [server.urls].flat().map((urls) => ({ ...server, urls })));
    return Promise.all(ways.map(async (way) => ({ name: judge.wayName(way.urls), met: await this.probes.meet(way) })));
  }

  /** Needs a press: the browser asks the person. Both are let go at once. */
  async tryDevices(): Promise<void> {
    this.devices = 'asking';
    const found = await capture({ camera: remembered('camera'), mic: remembered('mic') });
    for (const { track } of [found.camera, found.mic]) track?.stop();
    this.devices = found.mic.fault ?? found.camera.fault ?? 'good';
  }

  private async step(check: Check, work: () => Promise<Finding>): Promise<void> {
    this.running = check;
    this.note(check, await work());
  }

  private note(check: Check, finding: Finding): void {
    this.found = { ...this.found, [check]: finding };
  }
}
