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

/** What stands where, by id. */
export interface Standing { list: readonly string[]; now: string | null; own: readonly string[] }

export interface Arranged { list: Question[]; now: Question | null; own: Question[]; answered: Question[] }

const newest = (one: Question, other: Question): number => (one.at < other.at ? 1 : -1);

/**
 * Everything the audience sees, at its place. While it is read (`stood` says how it stood) nothing leaves its place:
 * what is being answered or was answered is marked where it is, and newcomers come after the others.
 */
export function arranged(questions: readonly Question[], mine: readonly Question[], stood: Standing | null): Arranged {
  const live = questions.find(({ state }) => state === 'answering') ?? null;
  const now = !stood ? live : stood.now ? (live ?? questions.find(({ id }) => id === stood.now) ?? null) : null;
  const stays = new Set(stood?.list);
  const fit = questions.filter((one) => stays.has(one.id) || one.state === 'approved' || (one === live && stood && !stood.now));
  const list = ordered(fit, stood?.list ?? [], stood !== null);
  if (!stood) list.sort((one, other) => Number(other.pinned) - Number(one.pinned));
  // On the public list they carry their own mark; these would be seen nowhere else.
  const apart = ({ id, state, answer, merged_into }: Question): boolean =>
    state === 'waiting' || state === 'dismissed' || answer?.how === 'private' || merged_into !== null || Boolean(stood?.own.includes(id));
  return {
    list, now, own: mine.filter(apart).sort(newest),
    answered: questions.filter((one) => one.state === 'answered' && !stays.has(one.id) && one !== now).sort(newest),
  };
}

interface Sum { subject_id: string; votes: number }

/** All sums that one telling holds. */
export function sumsOf(data: Record<string, unknown>): Sum[] {
  return [data as unknown as Sum, ...((data.others as Sum[] | undefined) ?? [])];
}
