/**
 * The one live client. It keeps one WebSocket, one subscription per channel whatever the number of
 * followers, and a promise to each follower: every publication after its position, once, in order; and
 * when history cannot fill the gap, `lost`, so that it loads its snapshot again and resumes.
 */
import type { Position, Publication, Signal } from './shapes';

export interface Follower {
  /** Rows are known up to here; null: begin at the head. */
  position: Position | null;
  publication(publication: Publication): void;
  signal?(signal: Signal): void;
  /** Subscribed and caught up (again). */
  ready?(): void;
  /** History is gone: load the snapshot after `waitMs`, then call `resume`. */
  lost(waitMs: number): void;
  /** No longer allowed, or never was; nothing will come any more. */
  closed?(code: string): void;
}

export interface Following {
  resume(position: Position | null): void;
  signal(name: string, data: unknown): void;
  stop(): void;
}

/** idle: nothing to follow. waiting: will try again by itself. stopped: the server said not to come back. */
export type LiveState = 'idle' | 'connecting' | 'online' | 'waiting' | 'stopped';

export interface SocketLike {
  readyState: number;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface LiveOptions {
  open: () => SocketLike;
  onState?: (state: LiveState, code: number | null) => void;
  onHello?: (build: string) => void;
  random?: () => number;
}

const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const CALM_AFTER_MS = 5_000;
const OPEN = 1;
/** Stands in `asked` while the server was too busy and will be asked again. */
const LATER = -1;
const TERMINAL = new Set([3500, 3501, 3502, 3503]);

interface Member {
  follower: Follower;
  /** While its snapshot loads, what arrives waits here. */
  held: Publication[] | null;
}

interface Channel {
  members: Set<Member>;
  /** Received from the wire up to here; null before the first reply. */
  last: Position | null;
  /** Id of the subscribe on its way; what arrives meanwhile waits in `early`. */
  asked: number | null;
  askAgain: boolean;
  early: Publication[];
  /** How often in a row the server was too busy to answer. */
  busy: number;
}

interface Reply {
  id: number;
  ok?: { recovered: boolean; position: Position; jitter_ms?: [number, number]; publications: Publication[] };
  error?: { code: string; message: string };
}

export class LiveClient {
  state: LiveState = 'idle';
  private socket: SocketLike | null = null;
  private greeted = false;
  private channels = new Map<string, Channel>();
  private asks = new Map<number, string>();
  private nextId = 1;
  private failures = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private calmTimer: ReturnType<typeof setTimeout> | undefined;
  private random: () => number;

  constructor(private readonly options: LiveOptions) {
    this.random = options.random ?? Math.random;
  }

  follow(name: string, follower: Follower): Following {
    const member: Member = { follower, held: null };
    let channel = this.channels.get(name);
    if (!channel) {
      channel = { members: new Set(), last: null, asked: null, askAgain: false, early: [], busy: 0 };
      this.channels.set(name, channel);
    }
    channel.members.add(member);
    if (this.state === 'idle') this.connect();
    this.ensure(name, channel);
    return {
      resume: (position) => this.resume(name, member, position),
      signal: (signal, data) => this.say({ do: 'signal', id: this.nextId++, channel: name, name: signal, data }),
      stop: () => this.leave(name, member),
    };
  }

  /** The network is said to be back, or the page is looked at again: do not wait for the timer. */
  nudge(): void {
    if (this.state === 'waiting') this.connect();
  }

  /** The network is said to be gone. What was missed comes back by position. */
  drop(): void {
    if (this.socket) this.lostSocket(null);
  }

  /** Somebody else uses this browser now: everything ends, and a later `follow` begins anew. */
  reset(): void {
    this.channels.clear();
    this.asks.clear();
    this.discard();
    clearTimeout(this.retryTimer);
    this.failures = 0;
    this.become('idle', null);
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    this.discard();
    this.become('connecting', null);
    let socket: SocketLike;
    try {
      socket = this.options.open();
    } catch {
      this.lostSocket(null);
      return;
    }
    this.socket = socket;
    this.watch();
    socket.onmessage = (event) => {
      this.watch();
      if (typeof event.data === 'string') this.take(JSON.parse(event.data) as Record<string, unknown>);
    };
    socket.onclose = (event) => this.lostSocket(event);
    socket.onerror = () => {};
  }

  private discard(): void {
    const socket = this.socket;
    this.socket = null;
    this.greeted = false;
    clearTimeout(this.silenceTimer);
    clearTimeout(this.calmTimer);
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** Nothing at all for this long, not even a beat: the line is dead whatever the browser believes. */
  private watch(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.lostSocket(null), SILENCE_MS);
  }

  private lostSocket(event: { code: number; reason: string } | null): void {
    this.discard();
    this.asks.clear();
    for (const channel of this.channels.values()) {
      channel.asked = null;
      channel.askAgain = false;
      channel.early = [];
    }
    if (event && TERMINAL.has(event.code)) {
      this.become('stopped', event.code);
      return;
    }
    if (this.channels.size === 0) {
      this.become('idle', null);
      return;
    }
    this.become('waiting', event?.code ?? null);
    this.retryTimer = setTimeout(() => this.connect(), this.wait(event?.reason ?? ''));
  }

  /** The server's hint spreads a whole room's return, wider still if that failed; without one, doubling with jitter. */
  private wait(reason: string): number {
    const hint = /retry=(\d+)-(\d+)/.exec(reason);
    const failures = this.failures++;
    if (!hint) return this.backOff(failures);
    const [from, to] = [Number(hint[1]), Number(hint[2])];
    return spread(from, failures === 0 ? to : Math.max(to, doubled(failures)), this.random());
  }

  private backOff(failures: number): number {
    return spread(doubled(failures) / 2, doubled(failures), this.random());
  }

  private become(state: LiveState, code: number | null): void {
    this.state = state;
    this.options.onState?.(state, code);
  }

  private say(frame: unknown): void {
    if (this.greeted && this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(frame));
  }

  private take(frame: Record<string, unknown>): void {
    switch (frame.type) {
      case 'hello':
        return this.hello(String(frame.build ?? ''));
      case 'beat':
        return this.say({ do: 'beat' });
      case 'publication':
        return this.arrived(frame as unknown as Publication);
      case 'signal':
        return this.signalled(frame as unknown as Signal);
      case 'reply':
        return this.replied(frame as unknown as Reply);
      case 'unsubscribed':
        return this.closedByServer(String(frame.channel), String(frame.code));
    }
  }

  private hello(build: string): void {
    this.greeted = true;
    this.calmTimer = setTimeout(() => (this.failures = 0), CALM_AFTER_MS);
    this.become('online', null);
    this.options.onHello?.(build);
    for (const [name, channel] of this.channels) this.subscribe(name, channel);
  }

  /** Subscribes when there is no subscription yet, or when somebody needs what came before its position. */
  private ensure(name: string, channel: Channel): void {
    if (!this.greeted) return;
    if (channel.asked !== null) {
      channel.askAgain = true;
      return;
    }
    const from = earliest(channel);
    if (channel.last === null || (from !== null && needsReplay(from, channel.last))) {
      this.subscribe(name, channel);
      return;
    }
    for (const { follower, held } of channel.members) {
      if (held || follower.position) continue;
      follower.position = channel.last;
      follower.ready?.();
    }
  }

  private subscribe(name: string, channel: Channel): void {
    const id = this.nextId++;
    channel.asked = id;
    channel.askAgain = false;
    this.asks.set(id, name);
    this.say({ do: 'subscribe', id, channel: name, position: earliest(channel) });
  }

  private replied(reply: Reply): void {
    const name = this.asks.get(reply.id);
    this.asks.delete(reply.id);
    const channel = name === undefined ? undefined : this.channels.get(name);
    if (!name || !channel || channel.asked !== reply.id) return;
    if (reply.error?.code === 'server.busy') return this.askLater(name, channel);
    channel.asked = null;
    channel.busy = 0;
    if (reply.error) return this.closedByServer(name, reply.error.code);
    if (!reply.ok) return;
    const early = channel.early;
    channel.early = [];
    if (reply.ok.recovered) this.recovered(channel, reply.ok.position, reply.ok.publications);
    else this.unrecovered(channel, reply.ok.position, reply.ok.jitter_ms ?? [0, 5_000]);
    for (const publication of early) this.arrived(publication);
    if (channel.askAgain) {
      channel.askAgain = false;
      this.ensure(name, channel);
    }
  }

  private askLater(name: string, channel: Channel): void {
    channel.asked = LATER;
    setTimeout(() => {
      if (this.channels.get(name) === channel && channel.asked === LATER) this.subscribe(name, channel);
    }, this.backOff(channel.busy++));
  }

  private recovered(channel: Channel, head: Position, publications: Publication[]): void {
    for (const publication of publications) this.deliver(channel, publication);
    channel.last = head;
    for (const member of [...channel.members]) {
      const { follower } = member;
      if (member.held) continue;
      follower.position ??= head;
      // Who came while this was on its way may need more than was asked for.
      if (needsReplay(follower.position, head)) channel.askAgain = true;
      else follower.ready?.();
    }
  }

  private unrecovered(channel: Channel, head: Position, jitter: [number, number]): void {
    channel.last = head;
    const waitMs = spread(jitter[0], jitter[1], this.random());
    for (const member of [...channel.members]) {
      if (member.held) continue;
      if (!member.follower.position) {
        member.follower.position = head;
        member.follower.ready?.();
        continue;
      }
      member.held = [];
      member.follower.lost(waitMs);
    }
  }

  private arrived(publication: Publication): void {
    const channel = this.channels.get(publication.channel);
    if (!channel) return;
    if (channel.asked !== null || channel.last === null) {
      channel.early.push(publication);
      return;
    }
    if (publication.offset <= channel.last.offset) return;
    if (publication.offset > channel.last.offset + 1) {
      channel.early.push(publication);
      this.subscribe(publication.channel, channel);
      return;
    }
    this.deliver(channel, publication);
    channel.last = { offset: publication.offset, id: publication.id };
  }

  private deliver(channel: Channel, publication: Publication): void {
    for (const member of [...channel.members]) {
      if (member.held) member.held.push(publication);
      else if (member.follower.position) hand(member.follower, publication);
    }
  }

  private resume(name: string, member: Member, position: Position | null): void {
    const channel = this.channels.get(name);
    if (!channel?.members.has(member) || !member.held) return;
    const held = member.held;
    member.held = null;
    member.follower.position = position ?? channel.last;
    for (const publication of held) {
      if (!position) member.follower.publication(publication);
      else hand(member.follower, publication);
    }
    member.follower.ready?.();
    this.ensure(name, channel);
  }

  private signalled(signal: Signal): void {
    for (const { follower } of this.channels.get(signal.channel)?.members ?? []) follower.signal?.(signal);
  }

  private closedByServer(name: string, code: string): void {
    const channel = this.channels.get(name);
    this.channels.delete(name);
    for (const { follower } of channel?.members ?? []) follower.closed?.(code);
  }

  private leave(name: string, member: Member): void {
    const channel = this.channels.get(name);
    if (!channel?.members.delete(member) || channel.members.size > 0) return;
    this.channels.delete(name);
    this.say({ do: 'unsubscribe', id: this.nextId++, channel: name });
  }
}

/** Only what comes next: it has what is older, and what is newer comes again once it has asked for the gap. */
function hand(follower: Follower, publication: Publication): void {
  if (follower.position && publication.offset !== follower.position.offset + 1) return;
  follower.position = { offset: publication.offset, id: publication.id };
  follower.publication(publication);
}

/** Whether a position lies before what the wire has told, or in another history. */
function needsReplay(position: Position, last: Position): boolean {
  return position.offset < last.offset || (position.offset === last.offset && position.id !== last.id);
}

function doubled(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
}

/** Of two at the same offset, the one that is not what the wire told there: the server will say so. */
function earliest(channel: Channel): Position | null {
  let found: Position | null = null;
  for (const { follower, held } of channel.members) {
    const position = held ? null : follower.position;
    if (!position) continue;
    const other = position.offset === found?.offset && found.id === channel.last?.id;
    if (!found || other || position.offset < found.offset) found = position;
  }
  return found;
}

function spread(from: number, to: number, random: number): number {
  return from + (to - from) * random;
}
