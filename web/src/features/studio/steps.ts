/** What a speaker can do next, from how the session stands and whether they send. One main step, at most two others. */
import type { SessionState } from '~/net/shapes';

export type Step = 'backstage' | 'enter' | 'live' | 'join' | 'air' | 'leave.air' | 'leave.backstage' | 'back' | 'end' | 'reopen';
export interface Steps { words: `state.${'scheduled' | 'backstage.out' | 'backstage.in' | 'live.out' | 'live.behind' | 'live.in' | 'ended' | 'cancelled'}`; main: Step | null; more: Step[] }

export function stepsFor(state: SessionState, sending: boolean, mayMove: boolean, wanted: boolean): Steps {
  const allowed = (steps: Step[]): Step[] => steps.filter((step) => mayMove || step.startsWith('leave'));
  switch (state) {
    case 'scheduled':
      return { words: 'state.scheduled', main: mayMove ? 'backstage' : null, more: [] };
    case 'backstage':
      return sending
        ? { words: 'state.backstage.in', main: mayMove ? 'live' : null, more: allowed(['leave.backstage']) }
        : { words: 'state.backstage.out', main: 'enter', more: [] };
    case 'live':
      // The desk has them wait behind the stage while others are on air.
      if (!wanted) {
        return sending
          ? { words: 'state.live.behind', main: mayMove ? 'air' : null, more: allowed(['leave.backstage', 'end']) }
          : { words: 'state.backstage.out', main: 'enter', more: allowed(['end']) };
      }
      return sending
        ? { words: 'state.live.in', main: null, more: allowed(['leave.air', 'back', 'end']) }
        : { words: 'state.live.out', main: 'join', more: allowed(['end']) };
    case 'ended':
      return { words: 'state.ended', main: null, more: allowed(['reopen']) };
    case 'cancelled':
      return { words: 'state.cancelled', main: null, more: [] };
  }
}
