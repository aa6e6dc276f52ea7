import { describe, expect, it } from 'vitest';
import { stepsFor } from './steps';

describe('steps of a speaker', () => {
  it('has one next step at every moment', () => {
    const main = (['scheduled', 'backstage', 'live', 'ended'] as const).map((state) => [stepsFor(state, false, true, true).main, stepsFor(state, true, true, true).main]);
    expect(main).toEqual([['backstage', 'backstage'], ['enter', 'live'], ['join', null], [null, null]]);
  });

  it('leaves the session’s state to those who may move it', () => {
    expect(stepsFor('live', true, false, true)).toMatchObject({ main: null, more: ['leave.air'] });
    expect(stepsFor('backstage', true, false, true)).toMatchObject({ main: null, more: ['leave.backstage'] });
  });

  it('brings those whom the desk does not want on air behind the stage first', () => {
    expect([stepsFor('live', false, true, false).main, stepsFor('live', true, true, false).main]).toEqual(['enter', 'air']);
    expect(stepsFor('live', true, false, false)).toMatchObject({ words: 'state.live.behind', main: null, more: ['leave.backstage'] });
  });
});
