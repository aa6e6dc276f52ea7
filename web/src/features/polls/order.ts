/** Where polls stand beside the stage. */
import type { Poll } from '~/net/shapes';

/**
 * The newest open one first, the closed ones after them. Once shown, they keep their places: a poll that closes shows
 * its sums where it was answered, and a new one comes below those that are open, or on top without any.
 */
export function placed(polls: readonly Poll[], stood: readonly string[]): Poll[] {
  const natural = [...polls.filter(({ state }) => state === 'open').reverse(), ...polls.filter(({ state }) => state === 'closed').reverse()];
  const known = new Map(polls.map((poll) => [poll.id, poll]));
  const kept = stood.flatMap((id) => known.get(id) ?? []).filter(({ state }) => state !== 'draft');
  const open = kept.findLastIndex(({ state }) => state === 'open');
  if (open < 0) return natural;
  return kept.toSpliced(open + 1, 0, ...natural.filter(({ id }) => !stood.includes(id)).reverse());
}
