import { beforeEach, describe, expect, it } from 'vitest';
import { liveSince } from './since';
import { stepsFor } from './steps';

beforeEach(() => sessionStorage.clear());

describe('steps of a speaker', () => {
  it('has one next step at every moment', () => {
    const main = (['scheduled', 'backstage', 'live', 'ended'] as const).map((state) => [stepsFor(state, false, true).main, stepsFor(state, true, true).main]);
    expect(main).toEqual([['backstage', 'backstage'], ['enter', 'live'], ['join', null], [null, null]]);
  });

  it('leaves the session’s state to those who may move it', () => {
    expect(stepsFor('live', true, false)).toMatchObject({ main: null, more: ['leave.air'] });
    expect(stepsFor('backstage', true, false)).toMatchObject({ main: null, more: ['leave.backstage'] });
  });

  it('knows since when it is live only if it saw it begin', () => {
    expect(liveSince('s', true, 5)).toBeNull();
    expect(liveSince('s', false, 6)).toBeNull();
    expect([liveSince('s', true, 7), liveSince('s', true, 9)]).toEqual([7, 7]);
  });
});
