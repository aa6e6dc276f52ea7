/** Test support: a peer connection in the tester's hand, as far as our clients use one. */
export class FakePeer {
  connectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  localDescription: { sdp: string } | null = null;
  answer: string | null = null;
  closed = false;
  transport = Object.assign(new EventTarget(), { state: 'new' });

  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: 'v=0 offer' });
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
export function fakeDoor(...answers: (Response | Error)[]): { fetch: typeof fetch; asked: { url: string; method: string }[] } {
  const asked: { url: string; method: string }[] = [];
  let next = 0;
  return {
    asked,
    fetch: (url, init) => {
      asked.push({ url: String(url), method: init?.method ?? 'GET' });
      if (init?.method === 'DELETE') return Promise.resolve(new Response(null, { status: 200 }));
      const answer = answers[Math.min(next++, answers.length - 1)]!;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer.clone());
    },
  };
}

export function created(location = '/whep/s/n.1'): Response {
  return new Response('v=0 answer', { status: 201, headers: { Location: location } });
}

export function problem(status: number, code: string, retryAfter?: number): Response {
  return new Response(JSON.stringify({ code, detail: `sentence of ${code}` }), {
    status, headers: { 'Content-Type': 'application/problem+json', ...(retryAfter ? { 'Retry-After': String(retryAfter) } : {}) },
  });
}
