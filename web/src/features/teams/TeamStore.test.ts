import { describe, expect, it } from 'vitest';
import type { Team } from '~/net/shapes';
import { TeamStore } from './TeamStore.svelte';

const TEAM: Team = {
  id: 't', conference_id: 'c', title: 'الفريق', board_id: 'b', boards: [], version: 3, welcome: '', joining: 'invitation', conversation_id: null, session_id: null, meeting: null,
  members: [{ person: { id: '1', name: 'هدى' }, role: 'lead' }, { person: { id: '2', name: 'سالم' }, role: 'member' }],
};

function opened(): TeamStore {
  const store = new TeamStore('t');
  store.team = TEAM;
  return store;
}
const drawn = (store: TeamStore): string[] => store.team!.members.map(({ person, role }) => `${person.name} ${role}`);

describe('TeamStore', () => {
  it('draws who comes, changes and goes, in their places', () => {
    const store = opened();
    store.apply({ name: 'membership.changed', data: { team_id: 't', person: { id: '3', name: 'ليلى' }, role: 'member' } });
    store.apply({ name: 'membership.changed', data: { team_id: 't', person: { id: '1', name: 'هدى' }, role: 'member' } });
    store.apply({ name: 'membership.changed', data: { team_id: 't', person: { id: '2', name: 'سالم' }, role: null } });
    expect(drawn(store)).toEqual(['هدى member', 'ليلى member']);
  });

  it('keeps the newest version', () => {
    const store = opened();
    store.apply({ name: 'team.changed', data: { team: { ...TEAM, title: 'قديم', version: 2 } } });
    expect(store.team!.title).toBe('الفريق');
    store.apply({ name: 'team.changed', data: { team: { ...TEAM, title: 'جديد', version: 4 } } });
    expect(store.team!.title).toBe('جديد');
  });

  it('draws boards as they are made and renamed', () => {
    const store = opened();
    const board = { id: 'b', team_id: 't', title: 'لوحة', version: 1, review: false, lease_minutes: 60, archived: false, public_path: null };
    store.apply({ name: 'board.created', data: { board } });
    store.apply({ name: 'board.changed', data: { board: { ...board, title: 'أخرى', version: 2 } } });
    expect(store.team!.boards.map(({ title }) => title)).toEqual(['أخرى']);
  });
});
