/** Dragging by mouse and touch, over pragmatic-drag-and-drop. It tells an intent: beside which card, or into which column; never x and y. */
import { autoScrollForElements } from '@atlaskit/pragmatic-drag-and-drop-auto-scroll/element';
import { attachClosestEdge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge/attach-closest-edge';
import { extractClosestEdge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge/extract-closest-edge';
import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine';
import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import type { Attachment } from 'svelte/attachments';
import type { Beside, Place } from './changes';

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

/** Anywhere else in a column means its end. */
export function dropColumn(column: () => string, over: (on: boolean) => void): Attachment<HTMLElement> {
  return (element) =>
    combine(
      dropTargetForElements({
        element,
        canDrop: ({ source }) => source.data.kind === 'card',
        getData: () => ({ column: column() }),
        onDragEnter: () => over(true),
        onDragLeave: () => over(false),
        onDrop: () => over(false),
      }),
      autoScrollForElements({ element, canScroll: ({ source }) => source.data.kind === 'card' }),
    );
}

/** A column is taken by its heading. */
export function takeColumn(column: () => string): Attachment<HTMLElement> {
  return (element) => draggable({ element, getInitialData: () => ({ kind: 'column', column: column() }) });
}

/** Another column can be put before or after it, as one reads. */
export function besideColumn(column: () => string, edge: (edge: Edge) => void): Attachment<HTMLElement> {
  const shown = (data: Record<string | symbol, unknown>): void => edge(edgeOf(data));
  return (element) =>
    dropTargetForElements({
      element,
      canDrop: ({ source }) => source.data.kind === 'column' && source.data.column !== column(),
      getIsSticky: () => true,
      getData: ({ input }) => attachClosestEdge({ column: column() }, { element, input, allowedEdges: ['left', 'right'] }),
      onDrag: ({ self }) => shown(self.data),
      onDragLeave: () => edge(null),
      onDrop: () => edge(null),
    });
}

export interface Watching {
  dropped(card: string, place: Place): void;
  /** Over a place, while it is held. */
  over(card: string, place: Place): void;
  ended(): void;
  column(column: string, place: Beside): void;
}

/** The board as a whole: scrolls sideways under a drag, and hears where it ended. */
export function watchDrops(watching: Watching): Attachment<HTMLElement> {
  return (element) =>
    combine(
      autoScrollForElements({ element }),
      monitorForElements({
        canMonitor: ({ source }) => source.data.kind === 'column',
        onDrop: ({ source, location }) => {
          const target = location.current.dropTargets[0];
          const edge = target && edgeOf(target.data);
          if (edge) watching.column(String(source.data.column), { [edge]: String(target.data.column) });
        },
      }),
      monitorForElements({
        canMonitor: ({ source }) => source.data.kind === 'card',
        onDropTargetChange: ({ source, location }) => {
          const place = placeOf(location.current.dropTargets[0]);
          if (place) watching.over(String(source.data.card), place);
        },
        onDrop: ({ source, location }) => {
          watching.ended();
          const place = placeOf(location.current.dropTargets[0]);
          if (place) watching.dropped(String(source.data.card), place);
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
