/** Camera, microphone and screen: which there are, which was chosen, and getting them. */
import { deviceFault, obstacle, type DeviceFault } from './faults';

export type Kind = 'camera' | 'mic';
export interface Device { id: string; label: string }
export interface Captured { track: MediaStreamTrack | null; fault: DeviceFault | null }
export type Chosen = Record<Kind, string | null>;

const CAMERA = { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 30, max: 30 } } as const;
const MIC = { echoCancellation: true, noiseSuppression: true, autoGainControl: true } as const;
const SCREEN = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { max: 15 } } as const;

export function remembered(kind: Kind): string | null {
  try {
    return localStorage.getItem(`device:${kind}`);
  } catch {
    return null;
  }
}

export function remember(kind: Kind, id: string): void {
  try {
    localStorage.setItem(`device:${kind}`, id);
  } catch {
    // A private window without storage: the choice lasts as long as the page.
  }
}

/** Names are empty until the person has allowed one of the devices. */
export async function listDevices(): Promise<Record<Kind, Device[]>> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const of = (kind: MediaDeviceKind): Device[] =>
    all.filter((device) => device.kind === kind && device.deviceId !== '').map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { camera: of('videoinput'), mic: of('audioinput') };
}

/**
 * Both at once, so that the person is asked once. When that fails, each on its own, so that a missing
 * camera does not take the microphone away and each fault is told for what it is.
 */
export async function capture(wanted: Chosen): Promise<Record<Kind, Captured>> {
  const blocked = obstacle({ secure: isSecureContext, devices: Boolean(navigator.mediaDevices?.getUserMedia), agent: navigator.userAgent });
  if (blocked) return { camera: { track: null, fault: blocked }, mic: { track: null, fault: blocked } };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: constraints('camera', wanted.camera), audio: constraints('mic', wanted.mic) });
    return { camera: { track: stream.getVideoTracks()[0] ?? null, fault: null }, mic: { track: stream.getAudioTracks()[0] ?? null, fault: null } };
  } catch {
    const mic = await captureOne('mic', wanted.mic);
    return { camera: await captureOne('camera', wanted.camera), mic };
  }
}

export async function captureOne(kind: Kind, id: string | null): Promise<Captured> {
  try {
    const asked = constraints(kind, id);
    const stream = await navigator.mediaDevices.getUserMedia(kind === 'camera' ? { video: asked } : { audio: asked });
    return { track: stream.getTracks()[0] ?? null, fault: null };
  } catch (error) {
    return { track: null, fault: deviceFault(error) };
  }
}

/** `refused` here means that the person closed the browser's own chooser: no fault to speak of. */
export async function captureScreen(): Promise<Captured> {
  if (!canShareScreen()) return { track: null, fault: 'unsupported' };
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: SCREEN, audio: false });
    return { track: stream.getVideoTracks()[0] ?? null, fault: null };
  } catch (error) {
    return { track: null, fault: deviceFault(error) };
  }
}

export function canShareScreen(): boolean {
  return Boolean(navigator.mediaDevices?.getDisplayMedia);
}

/** `ideal`: a camera that was unplugged since is replaced by another instead of failing. */
function constraints(kind: Kind, id: string | null): MediaTrackConstraints {
  return { ...(kind === 'camera' ? CAMERA : MIC), ...(id ? { deviceId: { ideal: id } } : {}) };
}
