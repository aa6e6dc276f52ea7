/**
 * Watching a stage by WHEP. An offer carries several receiving sections: slot i is the i-th audio and the
 * i-th video section. People come and go in the slots without a new negotiation.
 */
import type { DoorFault } from './faults';
import type { Mode } from './mode';
import { MediaLink, type LinkParts, type LinkState } from './link';

export type Feed = 'air' | 'backstage';

export interface WatchPlan {
  session: string;
  feed: Feed;
  slots: number;
  /** What is wanted from the first packet on; `keptMode` of mode.ts. */
  mode?(): Mode;
  iceServers(): RTCIceServer[];
  onState(state: LinkState, fault: DoorFault | null): void;
  /** One stream per slot; what was given before is over. */
  onStreams(streams: MediaStream[]): void;
}

export function watch(plan: WatchPlan, parts: Partial<LinkParts> = {}): MediaLink {
  return new MediaLink(
    {
      url: () => `/whep/${plan.session}?feed=${plan.feed}${plan.mode ? `&quality=${plan.mode()}` : ''}`,
      make: () => receiving(plan.slots, plan.iceServers()),
      onState: plan.onState,
      // The old picture stays on the screen until the new one is there.
      onConnected: (peer) => plan.onStreams(bySlot(peer)),
    },
    parts,
  );
}

function receiving(slots: number, iceServers: RTCIceServer[]): RTCPeerConnection {
  const peer = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
  for (let slot = 0; slot < slots; slot++) peer.addTransceiver('audio', { direction: 'recvonly' });
  for (let slot = 0; slot < slots; slot++) peer.addTransceiver('video', { direction: 'recvonly' });
  return peer;
}

function bySlot(peer: RTCPeerConnection): MediaStream[] {
  const tracks = peer.getTransceivers().map(({ receiver }) => receiver.track);
  const video = tracks.filter((track) => track.kind === 'video');
  return tracks
    .filter((track) => track.kind === 'audio')
    .map((audio, slot) => new MediaStream(video[slot] ? [audio, video[slot]] : [audio]));
}
