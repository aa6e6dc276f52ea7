import { describe, expect, it } from 'vitest';
import type { Invitation } from '~/net/shapes';
import { fold, PeopleStore, stateOf } from './PeopleStore.svelte';

const INVITATION: Invitation = {
  id: 'i', conference_id: 'c', role: 'attendee', session_id: null, team_id: null, uses: 0, uses_left: null,
  expires_at: '2026-12-01T00:00:00Z', revoked_at: null, created_at: '2026-11-01T00:00:00Z',
};
const now = new Date('2026-11-21T00:00:00Z');

describe('stateOf', () => {
  it.each([
    ['open', {}],
    ['open', { uses: 3, uses_left: 1 }],
    ['used_up', { uses: 1, uses_left: 0 }],
    ['over', { expires_at: '2026-11-20T23:59:59Z' }],
    ['revoked', { revoked_at: '2026-11-02T00:00:00Z', uses_left: 0 }],
  ] as const)('%s', (state, change) => expect(stateOf({ ...INVITATION, ...change }, now)).toBe(state));
});

describe('finding a name', () => {
  it('does not stumble over Arabic spelling', () => {
    const store = new PeopleStore('c');
    store.people = ['أحمد', 'فاطمة', 'Sara', 'مُؤَيَّد'].map((name) => ({ person: { id: name, name }, role: 'attendee', guest: false, joined_at: '' }));
    const names = (words: string): string[] => store.found(words).map(({ person }) => person.name);
    expect([names('احمد'), names('فاطمه'), names('sar'), names('مويد'), names('').length]).toEqual([['أحمد'], ['فاطمة'], ['Sara'], ['مُؤَيَّد'], 4]);
    expect(fold('إيمان  ')).toBe('ايمان');
  });
});
