/**
 * Sending to a stage by WHIP: one sound and one picture. Their sources change under the connection
 * (another camera, the screen, a still) without a new negotiation, and survive a reconnect.
 */
import type { DoorFault } from './faults';
import { MediaLink, type LinkParts, type LinkState } from './link';

export type Picture = 'camera' | 'screen' | 'still';
/** A shared screen is a connection of its own, beside the camera's. */
export type SourceKind = 'camera' | 'screen';

export interface SendPlan {
  session: string;
  kind?: SourceKind;
  iceServers(): RTCIceServer[];
  onState(state: LinkState, fault: DoorFault | null): void;
}

/** Speech is clear with it, repairs of lost packets included, and it fits a line of 64 kbit/s with all headers. */
const AUDIO_BITRATE = 32_000;
/**
 * Layers by size, the smallest first as browsers want them: each viewer gets the one their line and window
 * ask for. Chromium sends the third only from 960 x 540 on. Text on a screen is not made smaller than half.
 */
const LAYERS = [
  { rid: 'l', scaleResolutionDownBy: 4 },
  { rid: 'm', scaleResolutionDownBy: 2 },
  { rid: 'h', scaleResolutionDownBy: 1 },
] as const;
type Rid = (typeof LAYERS)[number]['rid'];
const PICTURES: Record<Picture, { maxBitrate: Record<Rid, number>; maxFramerate: number; hint: string }> = {
  camera: { maxBitrate: { l: 120_000, m: 350_000, h: 1_200_000 }, maxFramerate: 30, hint: 'motion' },
  screen: { maxBitrate: { l: 0, m: 350_000, h: 1_500_000 }, maxFramerate: 15, hint: 'detail' },
  still: { maxBitrate: { l: 60_000, m: 0, h: 150_000 }, maxFramerate: 5, hint: 'detail' },
};

export class Sending {
  readonly link: MediaLink;
  private audio: MediaStreamTrack | null = null;
  private video: MediaStreamTrack | null = null;
  private picture: Picture = 'camera';

  constructor(plan: SendPlan, parts: Partial<LinkParts> = {}) {
    this.link = new MediaLink(
      { url: () => `/whip/${plan.session}?kind=${plan.kind ?? 'camera'}`, make: () => this.make(plan.iceServers(), plan.kind !== 'screen'), onState: plan.onState },
      parts,
    );
  }

  /** Another microphone, or none for now. */
  async setAudio(track: MediaStreamTrack | null): Promise<void> {
    this.audio = track;
    await this.sender('audio')?.replaceTrack(track);
  }

  async setVideo(track: MediaStreamTrack | null, picture: Picture): Promise<void> {
    this.video = track;
    this.picture = picture;
    if (track) track.contentHint = PICTURES[picture].hint;
    const sender = this.sender('video');
    if (!sender) return;
    await sender.replaceTrack(track);
    const parameters = sender.getParameters();
    parameters.encodings.forEach((encoding, place) => Object.assign(encoding, encodings(picture)[parameters.encodings.length > 1 ? place : LAYERS.length - 1]));
    await sender.setParameters(parameters);
  }

  private sender(kind: 'audio' | 'video'): RTCRtpSender | undefined {
    const transceivers = this.link.peer?.getTransceivers() ?? [];
    return transceivers.find(({ receiver }) => receiver.track.kind === kind)?.sender;
  }

  private make(iceServers: RTCIceServer[], voice: boolean): RTCPeerConnection {
    const peer = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    if (voice) peer.addTransceiver(this.audio ?? 'audio', { direction: 'sendonly', sendEncodings: [{ maxBitrate: AUDIO_BITRATE }] });
    const video = peer.addTransceiver(this.video ?? 'video', { direction: 'sendonly', sendEncodings: encodings(this.picture) });
    const codecs = RTCRtpSender.getCapabilities?.('video')?.codecs;
    if (codecs && 'setCodecPreferences' in video) video.setCodecPreferences(preferred(codecs));
    return peer;
  }
}

/** A layer without a bitrate is off for this kind of picture. */
function encodings(picture: Picture): RTCRtpEncodingParameters[] {
  const { maxBitrate, maxFramerate } = PICTURES[picture];
  return LAYERS.map((layer) => ({ ...layer, active: maxBitrate[layer.rid] > 0, maxBitrate: maxBitrate[layer.rid] || 60_000, maxFramerate }));
}

/** Every phone plays H264 in hardware: it goes first, constrained baseline before its other profiles; then VP8. */
export function preferred<Codec extends { mimeType: string; sdpFmtpLine?: string | undefined }>(codecs: readonly Codec[]): Codec[] {
  const rank = ({ mimeType, sdpFmtpLine = '' }: Codec): number => {
    if (/h264/i.test(mimeType)) {
      return (sdpFmtpLine.includes('profile-level-id=42e0') ? 0 : 1) + (sdpFmtpLine.includes('packetization-mode=1') ? 0 : 2);
    }
    return /vp8/i.test(mimeType) ? 4 : 5;
  };
  return codecs.map((codec, place) => ({ codec, place })).sort((one, other) => rank(one.codec) - rank(other.codec) || one.place - other.place)
    .map(({ codec }) => codec);
}
