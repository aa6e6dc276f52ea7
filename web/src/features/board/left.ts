/**
 * Changes that an earlier visit to a board could not send: they go from whichever page their person is on. What
 * the server does not take, and files, wait on the board itself, and that is said.
 */
import { t } from '~/i18n/t.svelte';
import { router } from '~/router.svelte';
import { toasts } from '~/ui/toasts.svelte';
import { CommandQueue, type QueueOptions } from './CommandQueue.svelte';
import { left as everything, openFiles } from './files';
import { kept as openKept, type Kept } from './kept';

/** Begins to send what waits for boards from a page that shows none. Returns how to stop it. */
export function sendLeft(me: string, { api }: Pick<QueueOptions, 'api'> = {}): () => void {
  const mine = `${me} `;
  const queues: CommandQueue[] = [];
  let stopped = false;

  async function begin(): Promise<void> {
    const kept = await openKept();
    const left = (await everything()).filter(({ owner, command }) => owner.startsWith(mine) && !command.fault);
    for (const owner of new Set(left.map((one) => one.owner))) {
      if (!stopped) void send(owner, kept);
    }
    const files = (await (await openFiles()).getAll('files')) as { owner: string }[];
    const waits = files.find(({ owner }) => owner.startsWith(mine));
    if (waits && !stopped) say('frame.left.files', files.filter(({ owner }) => owner === waits.owner).length, waits.owner);
  }

  async function send(owner: string, kept: Kept): Promise<void> {
    let sent = 0;
    let refused = 0;
    const queue = new CommandQueue(owner, { ...(api ? { api } : {}), kept, done: () => sent++, refused: () => refused++ });
    queues.push(queue);
    await queue.restore();
    await queue.run();
    if (stopped) return;
    if (refused > 0) say('frame.left.refused', refused, owner);
    else if (sent > 0) toasts.say(t('frame.left.sent', { count: sent }));
  }

  function say(words: 'frame.left.files' | 'frame.left.refused', count: number, owner: string): void {
    toasts.say(t(words, { count }), { label: t('frame.left.open'), run: () => router.go(`/b/${owner.slice(mine.length)}`) });
  }

  begin().catch(() => {}); // a browser that keeps nothing has nothing left
  return () => {
    stopped = true;
    for (const queue of queues) queue.close();
  };
}
