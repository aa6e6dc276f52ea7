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
