/** The page's one live client and what it and the commands tell the reader about the connection. */
import { api } from './api';
import { LiveClient, type LiveState, type SocketLike } from './socket';

class Connection {
  state = $state<LiveState>('idle');
  /** Close code when the server said not to come back. */
  stopped = $state<number | null>(null);
  /** A command waits for the network. */
  sending = $state(false);
  /** The server runs a newer build than this page. */
  outdated = $state(false);
  /** It was online once: the first connecting is nothing to talk about. */
  met = $state(false);
}

export const connection = new Connection();

/** The build this page came with; set at start from the shell. */
let pageBuild = '';
export function setBuild(build: string): void {
  pageBuild = build;
}

function address(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}

export const live = new LiveClient({
  open: () => new WebSocket(address(), 'multaqa.1') as unknown as SocketLike,
  onState: (state, code) => {
    connection.state = state;
    connection.stopped = state === 'stopped' ? code : null;
    if (state === 'online') connection.met = true;
  },
  onHello: (build) => {
    if (build && pageBuild && build !== pageBuild) connection.outdated = true;
  },
});

api.onWaiting = (waiting) => (connection.sending = waiting);

if (typeof window !== 'undefined') {
  addEventListener('online', () => live.nudge());
  addEventListener('offline', () => live.drop());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') live.nudge();
  });
}
