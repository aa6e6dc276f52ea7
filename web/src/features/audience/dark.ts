/** A page that is dark whatever the reader chose: beside a camera, in a dark hall. Returns the way back. */
export function darken(): () => void {
  const root = document.documentElement;
  const before = root.dataset.theme;
  root.dataset.theme = 'dark';
  return () => {
    if (before === undefined) delete root.dataset.theme;
    else root.dataset.theme = before;
  };
}

/** Keeps the screen lit while the page is looked at, where the browser can (Screen Wake Lock). Returns the end of it. */
export function keepAwake(told: (awake: boolean) => void): () => void {
  let lock: WakeLockSentinel | null = null;
  let ended = false;
  const ask = async (): Promise<void> => {
    if (document.hidden || !('wakeLock' in navigator)) return;
    try {
      lock = await navigator.wakeLock.request('screen');
      lock.addEventListener('release', () => told(false));
      if (ended) void lock.release();
      else told(true);
    } catch {
      told(false); // A low battery, or not a secure page: the screen goes dark as it always would.
    }
  };
  void ask();
  document.addEventListener('visibilitychange', ask);
  return () => {
    ended = true;
    document.removeEventListener('visibilitychange', ask);
    void lock?.release();
  };
}
