/**
 * The page without a network: a small service worker keeps the shell and the files this page was made of, never an
 * answer of the API. Pages that work without a network ask for it; others are not slowed by it.
 */
import { forgetKept, left, openFiles } from '~/features/board/files';
export { sendLeft } from '~/features/board/left';
export { default as KeptBoards } from '~/features/board/KeptBoards.svelte';
export { default as KeptFaults } from '~/features/board/KeptFaults.svelte';
export { default as SignOut } from './SignOut.svelte';
import { language } from '~/i18n/t.svelte';
import { readOutbox } from '~/features/chat/drafts';

/** Where an installed page opens, and what leads from there to the boards kept. */
const doors = (): Promise<unknown> =>
  Promise.all([import('~/features/lobby/HomePage.svelte'), import('~/features/volunteer/WorkPage.svelte'), language.need('lobby', 'work')]);

/** Keeps the shell of who is signed in now, and every built file that this page has loaded so far. */
export async function keepShell(): Promise<void> {
  if (!('serviceWorker' in navigator) || !isSecureContext) return;
  await doors().catch(() => {}); // lost on the way: then this page alone works without a network
  const files = performance.getEntriesByType('resource').map(({ name }) => new URL(name)).filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith('/assets/'));
  navigator.serviceWorker
    .register('/sw.js', { updateViaCache: 'none' })
    .then(() => navigator.serviceWorker.ready)
    .then(({ active }) => active?.postMessage({ do: 'keep', files: files.map(({ pathname }) => pathname) }))
    .catch(() => {}); // a private window: then there is simply no page without a network
}

/** How much of this person's work is in this browser alone: changes, files and messages. */
export async function unsent(me: string): Promise<number> {
  const mine = ({ owner }: { owner: string }): boolean => owner.startsWith(`${me} `);
  const files = await openFiles().then((db) => db.getAll('files') as Promise<{ owner: string }[]>, () => []);
  return (await left().catch(() => [])).filter(mine).length + files.filter(mine).length + unsentMessages(me);
}

/** Whoever signs out leaves nothing behind in this browser. */
export async function forgetAll(): Promise<void> {
  forgetDrafts();
  await forgetKept();
  await forgetShell();
}

/** Without a network this browser then no longer opens as whose login is over. */
export async function forgetShell(): Promise<void> {
  const worker = await navigator.serviceWorker?.getRegistration();
  worker?.active?.postMessage({ do: 'forget' });
}

function unsentMessages(me: string): number {
  const mine = `outbox:${me} `;
  return names().filter((name) => name.startsWith(mine)).reduce((sum, name) => sum + readOutbox(name.slice(mine.length)).length, 0);
}

function forgetDrafts(): void {
  for (const name of names()) if (/^(?:draft|outbox):/.test(name)) localStorage.removeItem(name);
}

function names(): string[] {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}
