import { expect, it } from 'vitest';
import { Api } from '~/net/api';
import { FakeNetwork } from '~/net/fake';
import { ListStore } from './ListStore.svelte';

it('stays as far as it was read, with what was chosen, when somebody registers', async () => {
  let total = 250;
  const api = new Api((path) => {
    const after = Number(new URL(String(path), 'http://x').searchParams.get('after') ?? 0);
    const registrations = Array.from({ length: Math.min(100, total - after) }, (_, at) => ({ id: String(after + at) }));
    return Promise.resolve(Response.json({ registrations, total, counts: [], capacity: null, questions: [] }));
  });
  const store = new ListStore('c', api, new FakeNetwork().client);
  await store.load();
  await store.more();
  store.choose('150', true);
  total += 1;
  await store.refresh();
  expect([store.rows!.length, [...store.chosen], store.seen!.total]).toEqual([200, ['150'], 251]);
  await store.more();
  expect(store.rows!.map(({ id }) => id).at(-1)).toBe('250');
  await store.load();
  expect([store.rows!.length, store.chosen.size]).toEqual([100, 0]);
});
