/**
 * Keeps one media connection standing: offers (WHIP or WHEP), and offers again for as long as it is open,
 * with patience, when it is refused for now or drops. Nobody has to do anything for it to come back.
 *
 * The server takes no candidates from an offer (it learns the peer's address from checks that prove
 * themselves), so the offer goes out at once instead of waiting for candidates to be gathered.
 */
import { language, t } from '~/i18n/t.svelte';
import { DoorFault } from './faults';

/** closed: not wanted. refused: the server said no for good; `fault` has the sentence. */
export type LinkState = 'closed' | 'connecting' | 'connected' | 'reconnecting' | 'refused';

export interface LinkPlan {
  /** Asked anew for every attempt. */
  url(): string;
  /** A fresh peer connection with its sections in place, for every attempt. */
  make(): RTCPeerConnection;
  onState(state: LinkState, fault: DoorFault | null): void;
  /** Media may flow through this one; the one before is over. */
  onConnected?(peer: RTCPeerConnection): void;
}

export interface LinkParts {
  fetch: typeof fetch;
  random: () => number;
}

const FIRST_WAIT_MS = 700;
const LONGEST_WAIT_MS = 15_000;
/** Longer than a slow phone needs for the offer, its checks and the handshake. */
const CONNECT_MS = 15_000;
/** A pair that stopped answering often comes back by itself. */
const PATIENCE_MS = 1_500;
/** After that another way to the same connection is looked for, so long. */
const MEND_MS = 6_000;

export class MediaLink {
  state: LinkState = 'closed';
  peer: RTCPeerConnection | null = null;
  /** Address of the connection on the server, once it has one. */
  location: string | null = null;
  private met = false;
  private mending = false;
  /** The one that stood last. */
  private arrivedOn: RTCPeerConnection | null = null;
  private unwatch = (): void => {};
  private failures = 0;
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private posting: AbortController | null = null;
  private readonly parts: LinkParts;

  constructor(
    private readonly plan: LinkPlan,
    parts: Partial<LinkParts> = {},
  ) {
    this.parts = { fetch: (...given) => fetch(...given), random: Math.random, ...parts };
  }

  open(): void {
    if (this.state !== 'closed' && this.state !== 'refused') return;
    this.failures = 0;
    this.met = false;
    addEventListener('online', this.nudge);
    addEventListener('pagehide', this.leave);
    void this.attempt();
  }

  close(): void {
    removeEventListener('online', this.nudge);
    removeEventListener('pagehide', this.leave);
    this.unwatch();
    this.turn++;
    this.discard();
    this.become('closed', null);
  }

  /** The network is said to be back, or to be another one: do not wait for the timer. */
  private readonly nudge = (): void => {
    if (this.peer && this.peer === this.arrivedOn) void this.mend(this.turn, this.peer);
    else if (this.peer === null && (this.state === 'reconnecting' || this.state === 'connecting')) void this.attempt();
  };

  /** The page goes away: free the place on the stage at once. */
  private readonly leave = (): void => this.free();

  private async attempt(): Promise<void> {
    const turn = ++this.turn;
    this.discard();
    this.become(this.met ? 'reconnecting' : 'connecting', null);
    const peer = this.plan.make();
    this.peer = peer;
    this.timer = setTimeout(() => this.dropped(turn, null), CONNECT_MS);
    peer.onconnectionstatechange = () => this.watch(turn, peer);
    try {
      const offer = await peer.createOffer();
      await peer.setLocalDescription(offer);
      const answer = await this.post(peer.localDescription?.sdp ?? offer.sdp ?? '', turn);
      if (turn !== this.turn) return;
      await peer.setRemoteDescription({ type: 'answer', sdp: answer });
      this.watchTransport(turn, peer);
    } catch (error) {
      if (turn !== this.turn) return;
      this.dropped(turn, error instanceof DoorFault ? error : new DoorFault(0, 'client.fault', t('core.error.unknown')));
    }
  }

  private watch(turn: number, peer: RTCPeerConnection): void {
    if (turn !== this.turn) return;
    if (peer.connectionState === 'connected') this.arrived(peer);
    else if (peer.connectionState === 'failed' || peer.connectionState === 'closed') this.dropped(turn, null);
    else if (peer.connectionState === 'disconnected') {
      this.become('reconnecting', null);
      if (this.mending) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.mend(turn, peer), PATIENCE_MS);
    }
  }

  /** Take another way to the same connection; where there is none, begin anew. */
  private async mend(turn: number, peer: RTCPeerConnection): Promise<void> {
    if (turn !== this.turn || this.mending || !this.location) return;
    this.mending = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.mending = false;
      if (peer.connectionState !== 'connected') this.dropped(turn, null);
    }, MEND_MS);
    try {
      const { restart } = await import('./restart');
      if (turn === this.turn && !(await restart(peer, this.location, this.parts.fetch))) this.dropped(turn, null);
    } catch {
      this.dropped(turn, null);
    }
  }

  /** The server hung up: browsers tell that on the transport, and on the connection only much later. */
  private watchTransport(turn: number, peer: RTCPeerConnection): void {
    const [first] = peer.getTransceivers();
    const transport = first?.receiver.transport ?? first?.sender.transport;
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed' || transport.state === 'failed') this.dropped(turn, null);
    });
  }

  private arrived(peer: RTCPeerConnection): void {
    clearTimeout(this.timer);
    this.failures = 0;
    this.mending = false;
    this.become('connected', null);
    if (peer === this.arrivedOn) return;
    this.arrivedOn = peer;
    this.plan.onConnected?.(peer);
    if (!this.met) this.watchNetwork();
    this.met = true;
  }

  /** Loaded now, while there is a network: it is needed when there is none. */
  private watchNetwork(): void {
    import('./restart').then(({ onMove }) => {
      if (this.state !== 'closed') this.unwatch = onMove(this.nudge);
    }).catch(() => {});
  }

  private dropped(turn: number, fault: DoorFault | null): void {
    if (turn !== this.turn) return;
    this.turn++;
    this.discard();
    if (fault && !fault.passing) {
      this.become('refused', fault);
      return;
    }
    this.become(this.met ? 'reconnecting' : 'connecting', fault);
    this.timer = setTimeout(() => void this.attempt(), this.wait(fault));
  }

  private wait(fault: DoorFault | null): number {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures++);
    const own = longest * (0.5 + this.parts.random() / 2);
    // What the server names is the least; the spread keeps a whole hall from coming back at once.
    return fault?.retryAfterMs ? fault.retryAfterMs * (1 + this.parts.random() / 2) : own;
  }

  private discard(): void {
    clearTimeout(this.timer);
    this.mending = false;
    this.posting?.abort();
    this.posting = null;
    this.free();
    const peer = this.peer;
    this.peer = null;
    if (!peer) return;
    peer.onconnectionstatechange = null;
    peer.close();
  }

  private free(): void {
    if (!this.location) return;
    const address = this.location;
    this.location = null;
    // Best effort: the server also notices by itself, only later.
    this.parts.fetch(address, { method: 'DELETE', keepalive: true, credentials: 'same-origin' }).catch(() => {});
  }

  private async post(sdp: string, turn: number): Promise<string> {
    const posting = (this.posting = new AbortController());
    let answer: Response;
    let body: string;
    try {
      answer = await this.parts.fetch(this.plan.url(), {
        method: 'POST', body: sdp, signal: posting.signal, credentials: 'same-origin',
        headers: { 'Content-Type': 'application/sdp', Accept: 'application/sdp, application/problem+json', 'Accept-Language': language.locale },
      });
      body = await answer.text();
    } catch {
      throw new DoorFault(0, 'network.unreachable', t('core.error.network'));
    }
    if (answer.status !== 201) throw doorFault(answer, body);
    const location = answer.headers.get('Location');
    if (turn === this.turn) this.location = location;
    else if (location) this.parts.fetch(location, { method: 'DELETE', credentials: 'same-origin' }).catch(() => {});
    return body;
  }

  private become(state: LinkState, fault: DoorFault | null): void {
    if (state === this.state && !fault) return;
    this.state = state;
    this.plan.onState(state, fault);
  }
}

function doorFault(answer: Response, body: string): DoorFault {
  let problem: { code?: string; detail?: string } = {};
  try {
    problem = JSON.parse(body) as typeof problem;
  } catch {
    // A proxy's page, not ours: the status must do.
  }
  const after = Number(answer.headers.get('Retry-After'));
  return new DoorFault(
    answer.status, problem.code ?? `http.${answer.status}`, problem.detail ?? t('core.error.server'),
    Number.isFinite(after) && after > 0 ? after * 1000 : null,
  );
}
