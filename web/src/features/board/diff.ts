/** What of a text became something else, word by word. */

export interface Run { of: 'same' | 'gone' | 'new'; text: string }

/** Comparing takes the square of what differs: longer changes are told whole. */
const MOST_WORDS = 1_500;

/** Words with the blanks after them: put together they are the text. Blanks alone make no difference. */
const words = (text: string): string[] => text.match(/\S+\s*|^\s+/gu) ?? [];
const same = (one: string | undefined, other: string | undefined): boolean => one?.trim() === other?.trim();

export function wordDiff(before: string, after: string): Run[] {
  const [old, now] = [words(before), words(after)];
  let start = 0;
  while (start < old.length && start < now.length && same(old[start], now[start])) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && same(old[old.length - 1 - end], now[now.length - 1 - end])) end++;
  const runs: Run[] = [];
  const put = (of: Run['of'], text: string): void => {
    const last = runs.at(-1);
    if (!text) return;
    if (last?.of === of) last.text += text;
    else runs.push({ of, text });
  };
  put('same', now.slice(0, start).join(''));
  for (const { of, text } of between(old.slice(start, old.length - end), now.slice(start, now.length - end))) put(of, text);
  put('same', now.slice(now.length - end).join(''));
  return runs;
}

/** By the longest sequence of words that both have. */
function* between(old: readonly string[], now: readonly string[]): Generator<Run> {
  if (old.length > MOST_WORDS || now.length > MOST_WORDS) {
    yield { of: 'gone', text: old.join('') };
    yield { of: 'new', text: now.join('') };
    return;
  }
  const wide = now.length + 1;
  const longest = new Uint16Array((old.length + 1) * wide);
  for (let at = old.length - 1; at >= 0; at--) {
    for (let to = now.length - 1; to >= 0; to--) {
      longest[at * wide + to] = same(old[at], now[to]) ? longest[(at + 1) * wide + to + 1]! + 1 : Math.max(longest[(at + 1) * wide + to]!, longest[at * wide + to + 1]!);
    }
  }
  let [at, to] = [0, 0];
  while (at < old.length || to < now.length) {
    if (at < old.length && to < now.length && same(old[at], now[to])) {
      yield { of: 'same', text: now[to++]! };
      at++;
    } else if (to === now.length || (at < old.length && longest[(at + 1) * wide + to]! >= longest[at * wide + to + 1]!)) yield { of: 'gone', text: old[at++]! };
    else yield { of: 'new', text: now[to++]! };
  }
}
