/** Test support: a WebSocket in the tester's hand. */
import { LiveClient, type LiveState, type SocketLike } from './socket';

export class FakeSocket implements SocketLike {
  readyState = 1;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.closed = true;
    this.readyState = 3;
  }

  hello(build = 'b1'): this {
    this.say({ type: 'hello', connection: 'c', build, beat: 20 });
    return this;
  }
  say(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  /** Answers the latest subscribe of a channel. */
  subscribed(channel: string, offset: number, publications: unknown[] = [], recovered = true): void {
    const ask = this.sent.findLast((frame) => frame.do === 'subscribe' && frame.channel === channel)!;
    this.say({ type: 'reply', id: ask.id, ok: { recovered, position: at(offset), publications, ...(recovered ? {} : { jitter_ms: [100, 100] }) } });
  }
  publish(channel: string, offset: number, name = 'message.posted', data: unknown = { n: offset }): void {
    this.say(publication(channel, offset, name, data));
  }
  drop(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

export function at(offset: number): { offset: number; id: string | null } {
  return { offset, id: offset === 0 ? null : `p${offset}` };
}

export function publication(channel: string, offset: number, name = 'message.posted', data: unknown = { n: offset }): unknown {
  return { type: 'publication', channel, offset, id: `p${offset}`, name, at: '2026-11-21T10:00:00Z', data };
}

export class FakeNetwork {
  sockets: FakeSocket[] = [];
  states: [LiveState, number | null][] = [];
  client = new LiveClient({
    open: () => {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket;
    },
    onState: (state, code) => this.states.push([state, code]),
    random: () => 0.5,
  });

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }
}
