/** What one browser can find out about its own way to the server, one question each. Nothing here throws. */

export interface Start { delayMs: number; ahead: number; iceServers: RTCIceServer[] }
/** connected after so many ms; blocked: no packet came back; away: the server could not take part. */
export type Met = { how: 'connected'; ms: number } | { how: 'blocked' } | { how: 'away' };

const TRIES = 4;
const ASK_MS = 8_000;
const MEET_MS = 9_000;
const FETCH_MS = 6_000;

/** The middle of several tries: the first one also pays for the connection. */
export async function start(fetch_: typeof fetch = (...given) => fetch(...given)): Promise<Start | null> {
  const tries: Start[] = [];
  for (let number = 0; number < TRIES; number++) {
    const sent = Date.now();
    const began = performance.now();
    try {
      const answer = await fetch_('/api/check', { cache: 'no-store', signal: AbortSignal.timeout(ASK_MS) });
      if (!answer.ok) continue;
      const told = (await answer.json()) as { now_ms: number; ice_servers: RTCIceServer[] };
      const delayMs = performance.now() - began;
      tries.push({ delayMs, ahead: sent + delayMs / 2 - told.now_ms, iceServers: told.ice_servers });
    } catch {
      // counted as none
    }
  }
  tries.sort((one, other) => one.delayMs - other.delayMs);
  return tries[Math.floor((tries.length - 1) / 2)] ?? null;
}

/** Without a login the server accepts and then closes: what stands between has let the socket through. */
export function socket(url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`): Promise<boolean> {
  return new Promise((resolve) => {
    const made = new WebSocket(url, 'multaqa.1');
    const done = (opened: boolean): void => {
      clearTimeout(timer);
      made.onopen = made.onerror = made.onclose = null;
      made.close();
      resolve(opened);
    };
    const timer = setTimeout(() => done(false), ASK_MS);
    made.onopen = () => done(true);
    made.onerror = made.onclose = () => done(false);
  });
}

/** A connection as for a talk, straight (no servers given) or through this relay only. */
export async function meet(through?: RTCIceServer): Promise<Met> {
  const peer = new RTCPeerConnection({
    iceServers: through ? [through] : [], iceTransportPolicy: through ? 'relay' : 'all', bundlePolicy: 'max-bundle',
  });
  try {
    peer.addTransceiver('audio', { direction: 'recvonly' });
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch('/api/check/media', {
      method: 'POST', body: JSON.stringify({ offer: peer.localDescription!.sdp }),
      headers: { 'Content-Type': 'application/json' }, signal: AbortSignal.timeout(ASK_MS),
    });
    if (!answer.ok) return { how: 'away' };
    const began = performance.now();
    const met = connected(peer);
    await peer.setRemoteDescription({ type: 'answer', sdp: ((await answer.json()) as { answer: string }).answer });
    return (await met) ? { how: 'connected', ms: performance.now() - began } : { how: 'blocked' };
  } catch {
    return { how: 'away' };
  } finally {
    peer.close();
  }
}

function connected(peer: RTCPeerConnection): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), MEET_MS);
    peer.onconnectionstatechange = () => {
      if (peer.connectionState !== 'connected' && peer.connectionState !== 'failed') return;
      clearTimeout(timer);
      resolve(peer.connectionState === 'connected');
    };
  });
}

/** Bits a second of one fetch, cut off when it takes long; null when nothing came. */
export async function speed(): Promise<number | null> {
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), FETCH_MS);
  let bytes = 0;
  let began = 0;
  try {
    const answer = await fetch('/api/check/bytes', { cache: 'no-store', signal: cut.signal });
    if (!answer.ok || !answer.body) return null;
    const reader = answer.body.getReader();
    began = performance.now();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
    }
  } catch {
    // what came until then tells enough
  } finally {
    clearTimeout(timer);
  }
  return bytes > 0 ? (bytes * 8_000) / Math.max(1, performance.now() - began) : null;
}
