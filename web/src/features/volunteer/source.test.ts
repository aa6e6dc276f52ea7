import { expect, test } from 'vitest';
import { clock, wayBack } from './source';

const nothing = { session_id: null, team_id: null, at_ms: null };

test('a card leads back to the very place', () => {
  expect(wayBack({ ...nothing, kind: 'message', id: 'm', session_id: 's' })).toBe('/s/s?message=m');
  expect(wayBack({ ...nothing, kind: 'question', id: 'q', session_id: 's' })).toBe('/s/s?question=q');
  expect(wayBack({ ...nothing, kind: 'recording', id: 'r', session_id: 's', at_ms: 61_500 })).toBe('/s/s?recording=r&at=61500');
  expect(wayBack({ ...nothing, kind: 'message', id: 'm', team_id: 't' })).toBe('/t/t?message=m#chat');
  expect(wayBack({ ...nothing, kind: 'message', id: 'm' })).toBeNull();
});

test('a place in a recording is written as players do', () => {
  expect([0, 61_500, 3_750_000].map(clock)).toEqual(['0:00', '1:01', '1:02:30']);
});
