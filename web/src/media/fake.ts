/** Test support: a peer connection in the tester's hand, as far as our clients use one. */
export class FakePeer {
  connectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  localDescription: { sdp: string } | null = null;
  answer: string | null = null;
  closed = false;
  transport = Object.assign(new EventTarget(), { state: 'new' });

  signalingState = 'stable';
  private offers = 0;

  get remoteDescription(): { sdp: string } | null {
    return this.answer === null ? null : { sdp: this.answer };
  }
  /** Each under a name of its own, as an ICE restart makes one. */
  createOffer(): Promise<{ sdp: string }> {
    const name = `ours${++this.offers}`;
    return Promise.resolve({ sdp: `v=0 offer\r\nm=audio 9 X 0\r\na=mid:0\r\na=ice-ufrag:${name}\r\na=ice-pwd:${name}-secret\r\n` });
  }
  setLocalDescription(offer: { sdp: string }): Promise<void> {
    this.localDescription = offer;
    return Promise.resolve();
  }
  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.answer = sdp;
    return Promise.resolve();
  }
  getTransceivers(): unknown[] {
    return [{ receiver: { transport: this.transport }, sender: {} }];
  }
  close(): void {
    this.closed = true;
    this.signalingState = 'closed';
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  hangUp(): void {
    this.transport.state = 'closed';
    this.transport.dispatchEvent(new Event('statechange'));
  }
}

/** Answers offers one after the other; the last answer repeats. */
export function fakeDoor(...answers: (Response | Error)[]): { fetch: typeof fetch; asked: { url: string; method: string; body?: string }[] } {
  const asked: { url: string; method: string; body?: string }[] = [];
  let next = 0;
  return {
    asked,
    fetch: (url, init) => {
      const patch = init?.method === 'PATCH' ? { body: String(init.body) } : {};
      asked.push({ url: String(url), method: init?.method ?? 'GET', ...patch });
      if (init?.method === 'DELETE') return Promise.resolve(new Response(null, { status: 200 }));
      const answer = answers[Math.min(next++, answers.length - 1)]!;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer.clone());
    },
  };
}

export const ANSWER = 'v=0 answer\r\na=ice-ufrag:theirs\r\na=ice-pwd:theirs-secret\r\na=candidate:1 1 udp 1 10.0.0.1 7000 typ host\r\n';

export function created(location = '/whep/s/n.1'): Response {
  return new Response(ANSWER, { status: 201, headers: { Location: location } });
}

/** What the server says to an ICE restart. */
export function renamed(name: string): Response {
  return new Response(`a=ice-ufrag:${name}\r\na=ice-pwd:${name}-secret\r\nm=audio 9 X 0\r\na=mid:0\r\n`, { status: 200 });
}

export function problem(status: number, code: string, retryAfter?: number): Response {
  return new Response(JSON.stringify({ code, detail: `sentence of ${code}` }), {
    status, headers: { 'Content-Type': 'application/problem+json', ...(retryAfter ? { 'Retry-After': String(retryAfter) } : {}) },
  });
}
