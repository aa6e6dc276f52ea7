/** Dragging by mouse and touch, over pragmatic-drag-and-drop. What is dropped is told as an intent: beside which card, or into which column; never x and y. */
import { autoScrollForElements } from '@atlaskit/pragmatic-drag-and-drop-auto-scroll/element';
import { attachClosestEdge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge/attach-closest-edge';
import { extractClosestEdge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge/extract-closest-edge';
import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine';
import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import type { Attachment } from 'svelte/attachments';
import type { BoardKit } from './BoardKit.svelte';
import type { Place } from './changes';

export type Edge = 'before' | 'after' | null;

/** A card can be taken, and others can be dropped before or after it. */
export function dragCard(card: () => { id: string; column_id: string }, marks: { dragging(on: boolean): void; edge(edge: Edge): void }): Attachment<HTMLElement> {
  return (element) =>
    combine(
      draggable({
        element,
        getInitialData: () => ({ kind: 'card', card: card().id }),
        onDragStart: () => marks.dragging(true),
        onDrop: () => marks.dragging(false),
      }),
      dropTargetForElements({
        element,
        canDrop: ({ source }) => source.data.kind === 'card' && source.data.card !== card().id,
        getIsSticky: () => true,
        getData: ({ input }) =>
          attachClosestEdge({ column: card().column_id, beside: card().id }, { element, input, allowedEdges: ['top', 'bottom'] }),
        onDrag: ({ self }) => marks.edge(edgeOf(self.data)),
        onDragLeave: () => marks.edge(null),
        onDrop: () => marks.edge(null),
      }),
    );
}

/**
 * Anywhere else in a column means its end, for a card; another column can be put before or after it, as one reads.
 * Both in one: the library knows one target of an element.
 */
export function dropColumn(column: () => string, marks: { over(on: boolean): void; edge(edge: Edge): void }): Attachment<HTMLElement> {
  const left = (): void => (marks.over(false), marks.edge(null));
  return (element) =>
    dropTargetForElements({
      element,
      canDrop: ({ source }) => source.data.column !== column(),
      getIsSticky: ({ source }) => source.data.kind === 'column',
      getData: ({ input, source }) =>
        source.data.kind === 'card' ? { column: column() } : attachClosestEdge({ column: column() }, { element, input, allowedEdges: ['left', 'right'] }),
      onDragEnter: ({ source }) => marks.over(source.data.kind === 'card'),
      onDrag: ({ self }) => marks.edge(edgeOf(self.data)),
      onDragLeave: left,
      onDrop: left,
    });
}

/** A long column goes up and down under a held card. */
export function scrollCards(element: HTMLElement): () => void {
  return autoScrollForElements({ element, canScroll: ({ source }) => source.data.kind === 'card' });
}

/** A column is taken by its heading. */
export function takeColumn(column: () => string): Attachment<HTMLElement> {
  return (element) => draggable({ element, getInitialData: () => ({ kind: 'column', column: column() }) });
}

/** How much of the strip at each side takes a held drag further, how fast at the very edge, and what is no more than an unsteady finger. */
const EDGE_SHARE = 0.22;
const MOST_EDGE_PX = 120;
const FASTEST_PX_PER_MS = 0.9;
const STILL_PX = 12;

/**
 * Takes the strip sideways while a drag is held near its edge, whichever way one reads: the library's own scrolling
 * counts from the left alone, so that in Arabic it never reaches the next column. Meanwhile the strip does not snap,
 * which would pull it back after every step.
 */
function scrollAside(element: HTMLElement): () => void {
  let from = 0;
  let at = 0;
  /** Where a card is taken by its side, it is not yet held out to the edge. */
  let reached = false;
  let last = 0;
  let frame = 0;

  /** From -1 at the left edge to 1 at the right; 0 between them. */
  function depth(): number {
    const { left, right, width } = element.getBoundingClientRect();
    const edge = Math.min(MOST_EDGE_PX, width * EDGE_SHARE);
    if (at > right - edge) return Math.min(1, (at - right + edge) / edge);
    return at < left + edge ? Math.max(-1, (at - left - edge) / edge) : 0;
  }

  function step(now: number): void {
    const deep = depth();
    reached ||= deep === 0 || (at - from) * Math.sign(deep) > STILL_PX;
    if (reached && deep !== 0) element.scrollBy({ left: deep * FASTEST_PX_PER_MS * Math.min(50, now - last), behavior: 'instant' });
    last = now;
    frame = requestAnimationFrame(step);
  }

  function stop(): void {
    cancelAnimationFrame(frame);
    element.style.scrollSnapType = '';
  }

  const ended = monitorForElements({
    onDragStart: ({ location }) => {
      from = at = location.initial.input.clientX;
      reached = false;
      last = performance.now();
      element.style.scrollSnapType = 'none';
      frame = requestAnimationFrame(step);
    },
    onDrag: ({ location }) => (at = location.current.input.clientX),
    onDrop: stop,
  });
  return () => (ended(), stop());
}

/** The board as a whole: scrolls sideways under a drag, tells the others where it is held, and moves what is dropped. */
export function watchDrops(kit: BoardKit): Attachment<HTMLElement> {
  return (element) =>
    combine(
      scrollAside(element),
      monitorForElements({
        canMonitor: ({ source }) => source.data.kind === 'column',
        onDrop: ({ source, location }) => {
          const target = location.current.dropTargets[0];
          const edge = target && edgeOf(target.data);
          if (edge) kit.tools?.placeColumn(kit, String(source.data.column), { [edge]: String(target.data.column) });
        },
      }),
      monitorForElements({
        canMonitor: ({ source }) => source.data.kind === 'card',
        onDrag: ({ source, location }) => {
          const card = String(source.data.card);
          const place = placeOf(location.current.dropTargets[0]);
          if (!place) return;
          const { column_id, before = null } = kit.store.between(card, place);
          kit.company.does({ doing: 'dragging', card_id: card, column_id, before });
        },
        onDrop: ({ source, location }) => {
          kit.company.does({ doing: 'looking' });
          const place = placeOf(location.current.dropTargets[0]);
          if (place) void kit.move(String(source.data.card), place);
        },
      }),
    );
}

function placeOf(target: { data: Record<string | symbol, unknown> } | undefined): Place | null {
  if (!target) return null;
  const edge = edgeOf(target.data);
  const place: Place = { column_id: String(target.data.column) };
  if (edge && target.data.beside) place[edge] = String(target.data.beside);
  return place;
}

function edgeOf(data: Record<string | symbol, unknown>): Edge {
  const edge = extractClosestEdge(data);
  if (edge === null) return null;
  return edge === 'top' || edge === (document.dir === 'rtl' ? 'right' : 'left') ? 'before' : 'after';
}
