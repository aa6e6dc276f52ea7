/**
 * Another way to the same connection after a change of network: an ICE restart (RFC 9725 section 4.3.2). Keys,
 * places and numbers of packets stay, so nothing is negotiated and no picture begins anew.
 */
const AGAIN_MS = 1_000;
const TRIES = 5;

/** Whether the server took it; false when the connection must be made anew. A dead network is asked a few times. */
export async function restart(peer: RTCPeerConnection, location: string, get: typeof fetch): Promise<boolean> {
  const theirs = peer.remoteDescription?.sdp;
  const offer = await peer.createOffer({ iceRestart: true });
  await peer.setLocalDescription(offer);
  const ours = offer.sdp && credentials(offer.sdp);
  if (!theirs || !ours) return false;
  for (let tried = 0; tried < TRIES && peer.signalingState !== 'closed'; tried++) {
    try {
      const answer = await get(location, {
        method: 'PATCH', body: fragment(ours, offer.sdp!), credentials: 'same-origin',
        headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
      });
      const fresh = answer.status === 200 ? credentials(await answer.text()) : null;
      if (!fresh) return false;
      await peer.setRemoteDescription({ type: 'answer', sdp: renamed(theirs, fresh) });
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  return false;
}

interface Credentials {
  ufrag: string;
  pwd: string;
}

function credentials(sdp: string): Credentials | null {
  const ufrag = /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];
  const pwd = /^a=ice-pwd:(\S+)/m.exec(sdp)?.[1];
  return ufrag && pwd ? { ufrag, pwd } : null;
}

/** RFC 8840 section 9: the new name and password, and the section that all others ride on. */
function fragment({ ufrag, pwd }: Credentials, sdp: string): string {
  const section = /^m=.*/m.exec(sdp)?.[0] ?? '';
  const mid = /^a=mid:.*/m.exec(sdp)?.[0] ?? '';
  return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, section, mid, ''].join('\r\n');
}

/** The answer as it was, under the far side's new name. */
function renamed(sdp: string, { ufrag, pwd }: Credentials): string {
  return sdp.replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${ufrag}`).replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${pwd}`);
}

/** Calls back when the device has moved to another network, as far as the browser tells. */
export function onMove(moved: () => void): () => void {
  const connection = (navigator as { connection?: EventTarget & { type?: string } }).connection;
  let type = connection?.type;
  const changed = (): void => {
    if (connection?.type !== type && connection?.type !== 'none') moved();
    type = connection?.type;
  };
  connection?.addEventListener('change', changed);
  return () => connection?.removeEventListener('change', changed);
}
