import 'fake-indexeddb/auto';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { toasts } from '~/ui/toasts.svelte';
import type { BoardKit, Panel } from './BoardKit.svelte';
import { FileQueue } from './FileQueue.svelte';

class Line {
  static all: Line[] = [];
  upload: { onprogress?: (event: object) => void; onload?: () => void } = {};
  status = 0;
  response: unknown = null;
  onload = (): void => {};
  onerror = (): void => {};
  onabort = (): void => {};
  onloadend = (): void => {};
  open(): void {}
  setRequestHeader(): void {}
  send(): void {
    Line.all.push(this);
  }
  abort(): void {
    this.onabort();
    this.onloadend();
  }
  lost(): void {
    this.onerror();
    this.onloadend();
  }
  moved(share: number): void {
    this.upload.onprogress?.({ lengthComputable: true, loaded: share, total: 1 });
  }
  answers(status: number, response: unknown): void {
    Object.assign(this, { status, response });
    this.onload();
    this.onloadend();
  }
}

let boards = 0;
let queue: FileQueue;
let kit: { panel: Panel | null };
const unsent: { key: string }[] = [];
const line = async (count: number): Promise<Line> => {
  await vi.waitFor(() => expect(Line.all).toHaveLength(count));
  return Line.all[count - 1]!;
};
const states = (): [string, boolean, number][] => queue.all.map(({ name, waits, share }) => [name, waits, share]);
const file = (name: string): File => new File(['.'], name);

beforeAll(() => language.need('board', 'card').then(() => language.use('ar')));
beforeEach(() => {
  vi.stubGlobal('XMLHttpRequest', Line);
  Line.all = [];
  unsent.length = 0;
  toasts.list = [];
  const store = { queue: { waiting: unsent }, cards: new Map(), apply: () => {} };
  kit = { panel: null, ...{ me: 'me', id: `b${boards++}`, store } };
  queue = new FileQueue(kit as BoardKit);
});
afterEach(() => {
  queue.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('FileQueue', () => {
  it('lets all wait that no network takes, and says so once', async () => {
    for (const name of ['a', 'b', 'c']) queue.add('1', file(name));
    (await line(1)).lost();
    await vi.waitFor(() => expect(states()).toEqual([['a', true, 0], ['b', true, 0], ['c', true, 0]]));
    const told = queue.all[1];
    dispatchEvent(new Event('online'));
    const again = await line(2);
    expect(states()[0]).toEqual(['a', true, 0]); // until something of it goes
    again.moved(0.5);
    expect(states()).toEqual([['a', false, 0.5], ['b', true, 0], ['c', true, 0]]);
    expect(queue.all[1]!.waits).toBe(told!.waits);
    again.answers(201, {});
    (await line(3)).answers(201, {});
    (await line(4)).answers(201, {});
    await vi.waitFor(() => expect(queue.all).toEqual([]));
  });

  it('lets the files of a card wait that itself has not gone', async () => {
    unsent.push({ key: 'new' });
    queue.add('new', file('a'));
    await vi.waitFor(() => expect(states()).toEqual([['a', true, 0]]));
    expect(Line.all).toHaveLength(0);
  });

  it('says it wherever its person is when a file is not taken, and goes on', async () => {
    queue.add('1', file('a'));
    queue.add('1', file('b'));
    (await line(1)).answers(413, { code: 'card.full', detail: 'full' });
    (await line(2)).answers(201, {});
    await vi.waitFor(() => expect(queue.all.map(({ name, fault }) => [name, fault])).toEqual([['a', 'full']]));
    expect(toasts.list).toHaveLength(1);
    toasts.list[0]!.action!.run();
    expect(kit.panel).toEqual({ kind: 'waiting' });
    queue.retry(queue.all[0]!.key);
    (await line(3)).answers(201, {});
    await vi.waitFor(() => expect(queue.all).toEqual([]));
  });

  it('stops one that is taken away on its way, and sends the next', async () => {
    queue.add('1', file('a'));
    queue.add('1', file('b'));
    const first = await line(1);
    const stopped = vi.spyOn(first, 'abort');
    queue.drop(queue.all[0]!.key);
    expect(stopped).toHaveBeenCalledOnce();
    (await line(2)).answers(201, {});
    await vi.waitFor(() => expect(queue.all).toEqual([]));
    expect(toasts.list).toEqual([]);
  });

  it('gives up a line on which nothing moves', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    queue.add('1', file('a'));
    const first = await line(1);
    const stopped = vi.spyOn(first, 'abort');
    vi.advanceTimersByTime(50_000);
    first.moved(0.2);
    vi.advanceTimersByTime(50_000);
    expect(stopped).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    expect(stopped).toHaveBeenCalledOnce();
    await vi.waitFor(() => expect(states()).toEqual([['a', true, 0]]));
  });
});
