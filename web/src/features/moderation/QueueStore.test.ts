import { expect, it, vi } from 'vitest';
import { Api } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import { QueueStore } from './QueueStore.svelte';

const person = { id: 'p', name: 'أمل' };
const held = (id: string): unknown => ({ reason: 'all', message: { id, author: person, text: id, at: `2026-11-21T10:00:0${id}Z` } });
const report = (id: string, decided: string | null = null): unknown => ({
  subject_id: id, kind: 'message', person, message: null, reports: [], decided, at: `2026-11-21T10:01:0${id}Z`,
});

async function opened(): Promise<[QueueStore, FakeNetwork]> {
  const network = new FakeNetwork();
  const rows = { position: at(3), held: [held('1')], reports: [report('2'), report('3', 'kept')], silences: [], rules: { calm: false } };
  const store = new QueueStore('s', new Api(() => Promise.resolve(Response.json(rows)), () => Promise.resolve()), network.client);
  store.open();
  await vi.waitFor(() => expect(store.loaded && network.sockets.length).toBe(1));
  network.socket.hello().subscribed('session:s:moderation', 3);
  return [store, network];
}

it('stands still while it is read', async () => {
  const [store, network] = await opened();
  const shelf = store.held;
  const shown = (): string[] => shelf.queue.map(({ id }) => id);
  expect([shown(), store.reports.count]).toEqual([['held:1'], 1]);
  network.socket.publish('session:s:moderation', 4, 'message.held', { held: held('5') });
  network.socket.publish('session:s:moderation', 5, 'message.settled', { message_id: '1', session_id: 's', state: 'shown' });
  expect([shown(), shelf.newcomers, store.isOpen('held:1')]).toEqual([['held:1'], 1, false]);
  shelf.tidy();
  expect([shown(), shelf.newcomers, shelf.selected]).toEqual([['held:5'], 0, 'held:5']);
});

it('holds a decided report until it is tidied, and takes it back when it is reopened', async () => {
  const [store, network] = await opened();
  network.socket.publish('session:s:moderation', 4, 'report.changed', { report: report('2', 'acted') });
  expect([store.isOpen('report:2'), store.reports.settled, store.reports.queue.length]).toEqual([false, true, 1]);
  network.socket.publish('session:s:moderation', 5, 'report.changed', { report: report('2') });
  expect([store.isOpen('report:2'), store.reports.settled]).toEqual([true, false]);
});

it('shows what another moderator looks at, and says what oneself does', async () => {
  const [store, network] = await opened();
  network.socket.say({ type: 'signal', channel: 'session:s:moderation', name: 'claim', data: { claims: { 'held:1': { id: 'other', name: 'هدى' } } } });
  expect(store.claims.by.get('held:1')?.name).toBe('هدى');
  store.reports.shown = true;
  store.reports.choose('report:2');
  expect(network.socket.sent.at(-1)).toMatchObject({ name: 'claim', data: { item: 'report:2' } });
});
