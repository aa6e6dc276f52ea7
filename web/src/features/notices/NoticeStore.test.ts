import { describe, expect, it } from 'vitest';
import { Api } from '~/net/api';
import type { Notice } from '~/net/shapes';
import { NoticeStore } from './NoticeStore.svelte';

function notice(id: string, read = false): Notice {
  return { id, kind: 'mention', data: {}, link: '/', conference_id: null, at: '2026-11-21T09:00:00Z', read };
}

describe('notifications', () => {
  it('count once each, and on all devices what was read is read', async () => {
    const asked: string[] = [];
    const api = new Api(async (path, given) => (asked.push(`${String(path)} ${String(given?.body)}`), new Response(null, { status: 204 })));
    const store = new NoticeStore(api);
    store.list = [notice('1', true)];
    for (const id of ['2', '3', '3']) store.apply({ name: 'notification.told', data: { notification: notice(id) } });
    expect([store.unread, store.list.map(({ id }) => id)]).toEqual([2, ['3', '2', '1']]);
    store.apply({ name: 'notification.changed', data: { notification: { ...notice('3'), data: { text: '…' } } } });
    expect([store.unread, store.list[0]!.data.text]).toEqual([2, '…']);
    store.see(['2']);
    store.apply({ name: 'notification.read', data: { ids: ['2'] } });
    store.see(['2']);
    expect(store.unread).toBe(1);
    store.apply({ name: 'notification.read', data: { ids: null } });
    expect([store.unread, store.list.every(({ read }) => read)]).toEqual([0, true]);
    await Promise.resolve();
    expect(asked).toEqual(['/api/me/notifications/read {"ids":["2"]}']);
  });
});
