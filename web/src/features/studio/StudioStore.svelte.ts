/**
 * A speaker's own side: camera, microphone and screen, what is shown of them, and sending it. What the
 * camera shows changes under a standing connection; a dropped one comes back with whatever is shown then.
 * The screen goes by a connection of its own, beside the camera, for as long as it is shared.
 */
import { claim, type Claim } from '~/media/claim';
import * as theDevices from '~/media/devices';
import type { Chosen, Device, Kind } from '~/media/devices';
import type { DeviceFault, DoorFault } from '~/media/faults';
import type { LinkState } from '~/media/link';
import { Meter } from '~/media/meter';
import { Still } from '~/media/still';
import { Sending, type Picture, type SendPlan } from '~/media/whip';

export type Source = Kind | 'screen';

export interface Sender {
  link: { open(): void; close(): void; readonly peer?: RTCPeerConnection | null };
  setAudio(track: MediaStreamTrack | null): Promise<void>;
  setVideo(track: MediaStreamTrack | null, picture: Picture): Promise<void>;
}

export interface StudioParts {
  devices: Pick<typeof theDevices, 'capture' | 'captureOne' | 'captureScreen' | 'listDevices' | 'remember' | 'remembered'>;
  sender: (plan: SendPlan) => Sender;
  still: (name: string) => { track: MediaStreamTrack; stop(): void };
  meter: (onLevel: (level: number) => void) => { listen(track: MediaStreamTrack): void; stop(): void };
  claim: Claim;
}

const HEARD_FROM = 0.35;

export class StudioStore {
  /** off: nothing asked yet. asking: the browser's own question is open. on: what could be had is here. */
  phase = $state<'off' | 'asking' | 'on'>('off');
  devices = $state.raw<Record<Kind, Device[]>>({ camera: [], mic: [] });
  chosen = $state.raw<Chosen>({ camera: null, mic: null });
  faults = $state.raw<Record<Source, DeviceFault | null>>({ camera: null, mic: null, screen: null });
  camera = $state.raw<MediaStreamTrack | null>(null);
  mic = $state.raw<MediaStreamTrack | null>(null);
  screen = $state.raw<MediaStreamTrack | null>(null);
  micOn = $state(true);
  /** The camera is wanted; whether there is one is another matter. */
  cameraOn = $state(true);
  level = $state(0);
  /** Something louder than a quiet room has come in since the microphone started. */
  heard = $state(false);
  link = $state<LinkState>('closed');
  linkFault = $state.raw<DoorFault | null>(null);
  screenLink = $state<LinkState>('closed');
  screenFault = $state.raw<DoorFault | null>(null);
  /** The person went on in another window of this browser, so this one stopped. */
  elsewhere = $state(false);
  private letGo = (): void => {};
  /** The device that was asked for last and did not come. */
  private tried: Chosen = { camera: null, mic: null };
  /** A device that comes after another one was asked for, or turned off, is not wanted any more. */
  private readonly turns: Record<Kind, number> = { camera: 0, mic: 0 };
  private still: { track: MediaStreamTrack; stop(): void } | null = null;
  private closed = false;
  readonly sender: Sender;
  private readonly beside: Sender;
  private readonly meter: { listen(track: MediaStreamTrack): void; stop(): void };
  private readonly parts: StudioParts;

  constructor(private readonly session: string, private readonly name: string, direction: 'rtl' | 'ltr', iceServers: () => RTCIceServer[], parts: Partial<StudioParts> = {}) {
    this.parts = {
      devices: theDevices, sender: (plan) => new Sending(plan), still: (of) => new Still(of, direction), meter: (onLevel) => new Meter(onLevel), claim, ...parts,
    };
    this.chosen = { camera: this.parts.devices.remembered('camera'), mic: this.parts.devices.remembered('mic') };
    this.sender = this.parts.sender({
      session, iceServers,
      onState: (state, fault) => {
        this.link = state;
        this.linkFault = fault;
      },
    });
    this.beside = this.parts.sender({
      session, iceServers, kind: 'screen',
      onState: (state, fault) => {
        this.screenLink = state;
        this.screenFault = fault;
        if (state === 'refused') this.screenRefused(fault);
      },
    });
    this.meter = this.parts.meter((level) => {
      this.level = level;
      if (level > HEARD_FROM) this.heard = true;
    });
  }

  /** Wanted on the stage, whether or not the connection stands at this moment. */
  get sending(): boolean {
    return this.link !== 'closed' && this.link !== 'refused';
  }

  get picture(): Picture {
    return this.camera ? 'camera' : 'still';
  }

  /** Asks for both, and goes on with what could be had. */
  async start(): Promise<void> {
    if (this.phase === 'asking') return;
    this.phase = 'asking';
    const found = await this.parts.devices.capture(this.chosen);
    if (this.closed) return release(found.camera.track, found.mic.track);
    this.faults = { ...this.faults, camera: found.camera.fault, mic: found.mic.fault };
    this.takeCamera(found.camera.track);
    this.takeMic(found.mic.track);
    this.phase = 'on';
    await this.show();
    await this.list();
  }

  /** Again, for one whose fault may be gone. */
  async retry(kind: Kind): Promise<void> {
    await this.get(kind, this.tried[kind] ?? this.chosen[kind]);
    await this.list();
  }

  async choose(kind: Kind, id: string): Promise<void> {
    await this.get(kind, id);
  }

  /** The one in use; else the one that would be. */
  current(kind: Kind): string | null {
    const used = this[kind]?.getSettings().deviceId ?? this.chosen[kind];
    return this.devices[kind].find(({ id }) => id === used)?.id ?? this.devices[kind][0]?.id ?? null;
  }

  /** It was read that another device goes on in the place of one that did not. */
  noted(kind: Kind): void {
    this.faults = { ...this.faults, [kind]: null };
  }

  async toggleCamera(): Promise<void> {
    this.cameraOn = !this.cameraOn;
    if (this.cameraOn) return this.get('camera', this.chosen.camera);
    this.turns.camera++;
    this.takeCamera(null);
    await this.show();
  }

  toggleMic(): void {
    this.micOn = !this.micOn;
    if (this.mic) this.mic.enabled = this.micOn;
  }

  async toggleScreen(): Promise<void> {
    if (this.screen) return void this.endScreen();
    const { track, fault } = await this.parts.devices.captureScreen();
    this.faults = { ...this.faults, screen: fault };
    if (!track) return;
    if (this.closed) return release(track);
    track.onended = () => this.endScreen(); // pressed in the browser's own bar
    this.screen = track;
    await this.beside.setVideo(track, 'screen');
    if (this.sending) this.beside.link.open();
  }

  async enter(): Promise<void> {
    this.letGo();
    this.letGo = this.parts.claim(`speak:${this.session}`, () => {
      this.leave();
      this.elsewhere = true;
    });
    this.elsewhere = false;
    await this.show();
    this.sender.link.open();
    if (this.screen) this.beside.link.open();
  }

  leave(): void {
    this.letGo();
    this.sender.link.close();
    this.beside.link.close();
  }

  /** Plugged in or out. */
  async list(): Promise<void> {
    this.devices = await this.parts.devices.listDevices();
  }

  close(): void {
    this.closed = true;
    this.leave();
    this.meter.stop();
    release(this.camera, this.mic, this.screen);
    this.still?.stop();
  }

  /** The person's own picture that viewers get now; a still with the name where there is no camera. */
  shown(): MediaStreamTrack {
    if (this.camera) return this.camera;
    this.still ??= this.parts.still(this.name);
    return this.still.track;
  }

  /** Another one; where it does not come, the one before goes on. `said`: what is known to be wrong already. */
  private async get(kind: Kind, id: string | null, said: DeviceFault | null = null): Promise<void> {
    const turn = ++this.turns[kind];
    const before = this[kind];
    const used = before?.getSettings().deviceId ?? null;
    // Many phones open one camera at a time. The voice goes on until there is another microphone.
    if (kind === 'camera') release(before);
    const { captureOne, remember } = this.parts.devices;
    const found = await captureOne(kind, id);
    const camera = kind === 'camera' && !found.track && before ? (await captureOne(kind, used)).track : null;
    const track = found.track ?? camera;
    if (this.closed || turn !== this.turns[kind]) return release(track);
    this.faults = { ...this.faults, [kind]: said ?? found.fault };
    this.tried = { ...this.tried, [kind]: found.track ? null : id };
    if (found.track && id !== null) {
      this.chosen = { ...this.chosen, [kind]: id };
      remember(kind, id);
    }
    if (kind === 'camera') {
      if (track) this.cameraOn = true;
      this.takeCamera(track);
    } else if (track || !before) this.takeMic(track);
    await this.show();
  }

  private takeCamera(track: MediaStreamTrack | null): void {
    release(this.camera);
    this.camera = track;
    if (track) track.onended = () => void this.lost('camera');
  }

  private takeMic(track: MediaStreamTrack | null): void {
    release(this.mic);
    this.mic = track;
    this.heard = false;
    if (!track) return this.meter.stop();
    track.enabled = this.micOn;
    track.onended = () => void this.lost('mic');
    this.meter.listen(track);
  }

  private async lost(kind: Kind): Promise<void> {
    this.faults = { ...this.faults, [kind]: 'lost' };
    this.turns[kind]++;
    if (kind === 'camera') this.takeCamera(null);
    else this.takeMic(null);
    await this.show();
    // The voice goes on by whichever microphone there is. Another camera might show what nobody is to see.
    if (kind === 'mic') await this.get('mic', null, 'lost');
    await this.list();
  }

  private endScreen(): void {
    this.beside.link.close();
    release(this.screen);
    this.screen = null;
  }

  private screenRefused(fault: DoorFault | null): void {
    this.endScreen();
    this.screenFault = fault;
    this.faults = { ...this.faults, screen: 'unknown' };
  }

  private async show(): Promise<void> {
    await Promise.all([this.sender.setAudio(this.mic), this.sender.setVideo(this.shown(), this.picture)]);
  }
}

function release(...tracks: (MediaStreamTrack | null)[]): void {
  for (const track of tracks) {
    if (!track) continue;
    track.onended = null;
    track.stop();
  }
}
