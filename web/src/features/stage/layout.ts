/** How those on air are laid out, and which of them stands large. */
import type { Publisher } from '~/net/shapes';

export const LAYOUTS = ['auto', 'speaker', 'gallery'] as const;
/** What the viewer chose: `auto` goes by what is there. */
export type Layout = (typeof LAYOUTS)[number];

export interface Shape {
  /** Stands large beside the others; null when all are alike. */
  main: Publisher | null;
  /** Columns of a gallery on a wide and on a high stage. */
  columns: number;
  rows: number;
}

/** What is shown, not said: a screen or a prepared video. */
export function isShown({ kind }: Publisher): boolean {
  return kind === 'screen' || kind === 'video';
}

export function shapeOf(chosen: Layout, publishers: readonly Publisher[], speaking: string | null): Shape {
  const columns = publishers.length <= 1 ? 1 : publishers.length <= 4 ? 2 : publishers.length <= 9 ? 3 : 4;
  const rows = publishers.length <= 2 ? publishers.length : Math.ceil(publishers.length / 2);
  return { main: publishers.length > 1 ? mainOf(chosen, publishers, speaking) : null, columns, rows };
}

function mainOf(chosen: Layout, publishers: readonly Publisher[], speaking: string | null): Publisher | null {
  if (chosen === 'gallery') return null;
  const shown = publishers.find(isShown);
  if (shown || chosen === 'auto') return shown ?? null;
  return publishers.find(({ id }) => id === speaking) ?? publishers[0] ?? null;
}

/** As many stand beside the large one on a small stage; the others are heard. */
const BESIDE = 3;

/**
 * Who is seen there: those who were, until somebody speaks who is not; they take the place of one who is silent.
 * Nobody moves for the mere sake of speaking.
 */
export function besideOf(before: readonly string[], others: readonly string[], speaking: ReadonlySet<string>): string[] {
  const kept = before.filter((id) => others.includes(id));
  const seen = [...kept, ...others.filter((id) => !kept.includes(id))].slice(0, BESIDE);
  for (const id of others.filter((one) => speaking.has(one) && !seen.includes(one))) {
    const silent = seen.findLastIndex((one) => !speaking.has(one));
    if (silent >= 0) seen[silent] = id;
  }
  return seen;
}

const KEY = 'layout';

export function readLayout(): Layout {
  try {
    const kept = localStorage.getItem(KEY) as Layout | null;
    return kept !== null && LAYOUTS.includes(kept) ? kept : 'auto';
  } catch {
    return 'auto';
  }
}

export function keepLayout(layout: Layout): void {
  try {
    localStorage.setItem(KEY, layout);
  } catch {
    // The choice lasts as long as the page.
  }
}
