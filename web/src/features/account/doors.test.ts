import { beforeAll, describe, expect, it } from 'vitest';
import { knowAll } from '~/router.svelte';
import { nextOf, pageOf, tokenOf } from './doors';

beforeAll(knowAll);

describe('tokenOf', () => {
  it.each([['#abcdefghijklmnop_-12', 'abcdefghijklmnop_-12'], ['#short', null], ['', null], ['#has spaces in the middle', null]])('%j', (hash, token) =>
    expect(tokenOf(hash)).toBe(token),
  );
});

describe('nextOf', () => {
  it.each([
    ['?next=%2Fc%2F1%2Fpeople', '/c/1/people'], ['?next=%2Fjoin%23token', '/join#token'], ['', '/'],
    ['?next=https%3A%2F%2Fevil.example', '/'], ['?next=%2F%2Fevil.example', '/'], ['?next=%2Fnowhere', '/'],
  ])('%s leads to %s', (search, path) => expect(nextOf(search)).toBe(path));
});

describe('pageOf', () => {
  it('goes to the session, else the team, else the programme', () => {
    const joined = { me: null as never, conference_id: 'c', session_id: null, team_id: null };
    expect([pageOf({ ...joined, session_id: 's', team_id: 't' }), pageOf({ ...joined, team_id: 't' }), pageOf(joined)]).toEqual(['/s/s', '/t/t', '/c/c']);
    expect(pageOf({ ...joined, session_id: 's' }, 'speaker')).toBe('/s/s/studio');
  });
});
