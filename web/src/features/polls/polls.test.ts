import { mount } from 'svelte';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { Api } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Poll } from '~/net/shapes';
import { csv } from '../desk/sheet';
import { Kinds, type KindModule } from './kinds';
import { placed } from './order';
import { PollsStore } from './PollsStore.svelte';

const poll = (id: string, more: Partial<Poll> = {}): Poll => ({
  id, session_id: 's', kind: 'single', text: id, settings: {}, state: 'open', results: 'at_once', may_change: true,
  at: '2026-11-21T10:00:00Z', voters: 0, sums: [], tally: 0, version: 1, ...more,
});

beforeAll(() => language.use('en'));

describe('placed', () => {
  const ids = (list: Poll[]): string[] => list.map(({ id }) => id);
  it('leaves polls where they were shown while one is open', () => {
    const stood = ids(placed([poll('old', { state: 'closed' }), poll('a'), poll('b')], []));
    expect(stood).toEqual(['b', 'a', 'old']);
    expect(ids(placed([poll('old', { state: 'closed' }), poll('a'), poll('b', { state: 'closed' }), poll('c')], stood))).toEqual(['b', 'a', 'c', 'old']);
    expect(ids(placed([poll('a', { state: 'closed' }), poll('b', { state: 'closed' })], ['b', 'a']))).toEqual(['b', 'a']);
  });
});

describe('PollsStore', () => {
  let network: FakeNetwork;
  beforeEach(() => (network = new FakeNetwork()));

  it('follows what opens, fills, closes and goes, and never goes back to older sums', async () => {
    const api = new Api(() => Promise.resolve(Response.json({ position: at(1), polls: [poll('a')] })));
    const store = new PollsStore('s', false, api, network.client);
    const opened: string[] = [];
    store.onOpened = ({ id }) => opened.push(id);
    store.open();
    await new Promise((resolve) => setTimeout(resolve));
    network.socket.hello().subscribed('session:s', 1);
    const told = (offset: number, name: string, data: unknown): void => network.socket.publish('session:s', offset, name, data);
    const sums = [{ key: 'a', text: 'A', count: 3, hidden: false }];
    told(2, 'poll.tallied', { poll_id: 'a', voters: 3, sums, tally: 3 });
    told(3, 'poll.tallied', { poll_id: 'a', voters: 2, sums: [], tally: 2 });
    told(4, 'poll.opened', { poll: poll('b') });
    told(5, 'poll.closed', { poll: poll('b', { state: 'closed', version: 2 }) });
    expect(store.polls.map(({ id, state, voters }) => `${id} ${state} ${voters}`)).toEqual(['a open 3', 'b closed 0']);
    expect([store.polls[0]!.sums, opened]).toEqual([sums, ['b']]);
    told(6, 'poll.deleted', { poll_id: 'b' });
    expect(store.polls.map(({ id }) => id)).toEqual(['a']);
  });
});

describe('kinds', () => {
  it('are those that have a file, the usual first', async () => {
    expect((await new Kinds().all()).map(([name, { written }]) => [name, written ?? false])).toEqual([['single', false], ['multiple', false], ['words', true], ['rating', false]]);
  });

  it('grow by one file', async () => {
    const made: KindModule = { default: (() => {}) as unknown as KindModule['default'], label: () => 'Coin', fresh: () => ({ sides: 2 }), ready: (answer) => answer !== null };
    const kinds = new Kinds({ './kinds/Coin.svelte': () => Promise.resolve(made) });
    expect([kinds.names, (await kinds.load('coin'))!.fresh(), kinds.load('dice')]).toEqual([['coin'], { sides: 2 }, undefined]);
  });

  it.each(new Kinds().names)('%s begins a poll, is answered, and shows its sums', async (name) => {
    await language.need('polls');
    const module = (await new Kinds().load(name))!;
    const settings = module.fresh();
    expect([module.label() === '', module.ready(null, settings)]).toEqual([false, false]);
    for (const mode of ['edit', 'vote', 'results'] as const) {
      const target = document.createElement('div');
      const sums = [{ key: '1', text: 'كلمة', count: 2, hidden: false }];
      mount(module.default, { target, props: { mode, settings, answer: null, sums, voters: 2, mine: null, large: false, onhide: null } });
      expect([mode, target.textContent!.trim() !== '' || target.querySelector('input') !== null]).toEqual([mode, true]);
    }
  });
});

describe('csv', () => {
  it('opens in a spreadsheet as it was, and runs nothing', () => {
    expect(csv([['سؤال, مهم', 3], ['=1+1', 'a "b"']])).toBe('\ufeff"سؤال, مهم",3\r\n\'=1+1,"a ""b"""\r\n');
  });
});
