/** What a browser measures of one media connection, between one look and the next. */

/** direct: UDP to the server itself. Else through the relay, which is reached by UDP, TCP or TLS. */
export type Route = 'direct' | 'udp' | 'tcp' | 'tls';

export interface Common {
  kbps: number;
  /** Share of the packets that did not come through. */
  loss: number;
  /** There and back; null while unknown. */
  rttMs: number | null;
  route: Route | null;
  /** The largest picture that runs; null without one. */
  picture: { width: number; height: number; fps: number } | null;
}

export interface Download extends Common {
  /** From the server to the eye: half the way there and back, and the store against bad moments. */
  delayMs: number | null;
}

export interface Upload extends Common {
  /** What holds the picture smaller than it could be. */
  held: 'network' | 'device' | null;
  /** What the browser believes this line bears, in kbit/s; null while unknown. */
  bears: number | null;
}

/** A report's rows, as far as they are read here; browsers leave out what they do not know. */
export type Row = { id: string; type: string; timestamp: number } & Record<string, unknown>;

const of = (row: Row | undefined, name: string): number => (typeof row?.[name] === 'number' ? row[name] : 0);

class Look {
  constructor(
    readonly rows: Row[],
    private readonly before: Map<string, Row>,
  ) {}

  typed(type: string, kind?: string): Row[] {
    return this.rows.filter((row) => row.type === type && (!kind || row.kind === kind));
  }

  /** How much a counter grew, over all rows of a type. */
  grown(type: string, name: string): number {
    return this.typed(type).reduce((sum, row) => sum + (of(row, name) - of(this.before.get(row.id), name)), 0);
  }

  seconds(type: string): number {
    const [first] = this.typed(type);
    const then = first && this.before.get(first.id);
    return then ? (first.timestamp - then.timestamp) / 1000 : 0;
  }

  get pair(): Row | undefined {
    const chosen = this.typed('transport')[0]?.selectedCandidatePairId;
    return this.rows.find((row) => row.type === 'candidate-pair' && (chosen ? row.id === chosen : row.nominated === true && row.state === 'succeeded'));
  }

  get rttMs(): number | null {
    const rtt = of(this.pair, 'currentRoundTripTime');
    return rtt ? rtt * 1000 : null;
  }

  get route(): Route | null {
    const own = this.rows.find(({ id }) => id === this.pair?.localCandidateId);
    if (!own) return null;
    return own.candidateType === 'relay' ? ((own.relayProtocol as Route | undefined) ?? 'udp') : 'direct';
  }

  picture(type: string): Common['picture'] {
    const running = this.typed(type, 'video').filter((row) => of(row, 'framesPerSecond') > 0 && of(row, 'frameWidth') > 0);
    const best = running.sort((one, other) => of(other, 'frameWidth') - of(one, 'frameWidth'))[0];
    return best ? { width: of(best, 'frameWidth'), height: of(best, 'frameHeight'), fps: Math.round(of(best, 'framesPerSecond')) } : null;
  }

  kbps(type: string, counter: string): number {
    const seconds = this.seconds(type);
    return seconds > 0 ? Math.max(0, Math.round((this.grown(type, counter) * 8) / 1000 / seconds)) : 0;
  }
}

export function download(rows: Row[], before: Map<string, Row>): Download {
  const look = new Look(rows, before);
  const lost = Math.max(0, look.grown('inbound-rtp', 'packetsLost'));
  const came = look.grown('inbound-rtp', 'packetsReceived');
  const waits = [look.typed('inbound-rtp', 'video'), look.typed('inbound-rtp', 'audio')].map((kind) =>
    Math.max(0, ...kind.map((row) => {
      const then = before.get(row.id);
      const emitted = of(row, 'jitterBufferEmittedCount') - of(then, 'jitterBufferEmittedCount');
      return emitted > 0 ? ((of(row, 'jitterBufferDelay') - of(then, 'jitterBufferDelay')) / emitted) * 1000 : 0;
    })),
  );
  const wait = Math.max(...waits);
  return {
    kbps: look.kbps('inbound-rtp', 'bytesReceived'),
    loss: lost + came > 0 ? lost / (lost + came) : 0,
    rttMs: look.rttMs, route: look.route, picture: look.picture('inbound-rtp'),
    delayMs: look.rttMs !== null && wait > 0 ? look.rttMs / 2 + wait : null,
  };
}

/** What browsers call the reasons. */
const HELD: Record<string, Upload['held']> = { bandwidth: 'network', cpu: 'device' };

export function upload(rows: Row[], before: Map<string, Row>): Upload {
  const look = new Look(rows, before);
  const remote = look.typed('remote-inbound-rtp');
  const bears = of(look.pair, 'availableOutgoingBitrate');
  const reasons = look.typed('outbound-rtp', 'video').map((row) => HELD[String(row.qualityLimitationReason)] ?? null);
  const sent = look.grown('outbound-rtp', 'packetsSent');
  const rtt = Math.max(0, ...remote.map((row) => of(row, 'roundTripTime')));
  return {
    kbps: look.kbps('outbound-rtp', 'bytesSent'),
    // Not by `fractionLost`: the server has the sound made ready for losses on the viewers' side.
    loss: sent > 0 ? Math.min(1, Math.max(0, look.grown('remote-inbound-rtp', 'packetsLost')) / sent) : 0,
    rttMs: look.rttMs ?? (rtt ? rtt * 1000 : null), route: look.route, picture: look.picture('outbound-rtp'),
    held: reasons.find((reason) => reason !== null) ?? null,
    bears: bears ? Math.round(bears / 1000) : null,
  };
}

/** Looks again and again at whichever connection there is; `told` hears nothing of the first look, which compares with nothing. */
export function looking<N>(peer: () => RTCPeerConnection | null, read: (rows: Row[], before: Map<string, Row>) => N, told: (numbers: N | null) => void, everyMs = 2_000): () => void {
  let before: Map<string, Row> | null = null;
  let seen: RTCPeerConnection | null = null;
  const look = async (): Promise<void> => {
    const now = peer();
    if (now !== seen) before = null;
    seen = now;
    if (now?.connectionState !== 'connected') return told(null);
    const rows = [...((await now.getStats()) as unknown as Map<string, Row>).values()];
    if (before) told(read(rows, before));
    before = new Map(rows.map((row) => [row.id, row]));
  };
  void look();
  const timer = setInterval(() => void look(), everyMs);
  return () => clearInterval(timer);
}
