/** In which order questions stand, and when they may change places: never under somebody's finger. */
import type { Question } from '~/net/shapes';

/** Most wanted first; among equals the older. */
export function byVotes(one: Question, other: Question): number {
  return other.votes - one.votes || (one.at < other.at ? -1 : one.at > other.at ? 1 : 0) || (one.id < other.id ? -1 : 1);
}

/**
 * The order to show. While `held` (somebody points at the list or is inside it) those who stand keep their
 * places and newcomers come after them.
 */
export function ordered(questions: readonly Question[], before: readonly string[], held: boolean): Question[] {
  const sorted = [...questions].sort(byVotes);
  if (!held) return sorted;
  const place = new Map(before.map((id, at) => [id, at]));
  return sorted
    .map((question, at) => ({ question, at: place.get(question.id) ?? before.length + at }))
    .sort((one, other) => one.at - other.at)
    .map(({ question }) => question);
}

interface Sum { subject_id: string; votes: number }

/** All sums that one telling holds. */
export function sumsOf(data: Record<string, unknown>): Sum[] {
  return [data as unknown as Sum, ...((data.others as Sum[] | undefined) ?? [])];
}
