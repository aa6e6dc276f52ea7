/**
 * The page without a network: a small service worker keeps the shell and the files this page was made of, never an
 * answer of the API. Pages that work without a network ask for it; others are not slowed by it.
 */
import { forgetKept } from '~/features/board/kept';

/** Keeps the shell of who is signed in now, and every built file that this page has loaded so far. */
export function keepShell(): void {
  if (!('serviceWorker' in navigator) || !isSecureContext) return;
  const files = performance.getEntriesByType('resource').map(({ name }) => new URL(name)).filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith('/assets/'));
  navigator.serviceWorker
    .register('/sw.js', { updateViaCache: 'none' })
    .then(() => navigator.serviceWorker.ready)
    .then(({ active }) => active?.postMessage({ do: 'keep', files: files.map(({ pathname }) => pathname) }))
    .catch(() => {}); // a private window: then there is simply no page without a network
}

/** Whoever signs out leaves nothing behind in this browser. */
export async function forgetAll(): Promise<void> {
  await forgetKept();
  const worker = await navigator.serviceWorker?.getRegistration();
  worker?.active?.postMessage({ do: 'forget' });
}
