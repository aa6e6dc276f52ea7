import { describe, expect, it } from 'vitest';
import { Api } from '~/net/api';
import { FakeNetwork } from '~/net/fake';
import { OwnStore } from './OwnStore.svelte';

const hand = (called = false) => ({ session_id: 's', person: { id: 'me', name: 'x' }, at: '2026-11-21T10:00:00Z', called });

describe('one’s hand', () => {
  it('keeps its place until it is called or taken down', () => {
    const store = new OwnStore('s', 'me', new Api(), new FakeNetwork().client);
    const moved = (session_id: string, place: number | null): void => store.apply({ name: 'hand.moved', data: { session_id, place } });
    store.apply({ name: 'hand.raised', data: { hand: hand() } });
    for (const [session, place] of [['s', null], ['s', 3], ['other', 1]] as const) moved(session, place);
    expect(store.place).toBe(3);
    store.apply({ name: 'hand.called', data: { hand: hand(true) } });
    expect([store.hand?.called, store.place]).toEqual([true, null]);
    store.apply({ name: 'hand.raised', data: { hand: hand() } });
    moved('s', 1);
    store.apply({ name: 'hand.lowered', data: { session_id: 's', person_id: 'me' } });
    expect([store.hand, store.place]).toEqual([null, null]);
  });
});
