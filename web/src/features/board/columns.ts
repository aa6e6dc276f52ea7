/** What is done to a whole column. */
import { t } from '~/i18n/t.svelte';
import { toasts } from '~/ui/toasts.svelte';
import type { BoardKit } from './BoardKit.svelte';
import { placeIn, type Beside } from './changes';
import type { Column } from './shapes';
import { tick } from 'svelte';

/** One step earlier or later, by its menu: the focus stays where it was. */
export function stepColumn(kit: BoardKit, column: Column, by: -1 | 1): void {
  const columns = kit.store.lists.map((list) => list.column);
  const beside = columns[columns.findIndex(({ id }) => id === column.id) + by];
  if (!beside) return;
  placeColumn(kit, column.id, by < 0 ? { before: beside.id } : { after: beside.id });
  focusColumn(column.id);
}

/** To its menu, once the board is drawn. */
export function focusColumn(id: string | undefined): void {
  void tick().then(() => document.querySelector<HTMLElement>(`[data-column="${id}"] .top button`)?.focus());
}

export function placeColumn(kit: BoardKit, id: string, place: Beside): void {
  const others = kit.store.lists.map((list) => list.column).filter((column) => column.id !== id);
  const column = kit.store.columns.get(id);
  if (!column || kit.shut) return;
  void kit.store.command({ method: 'POST', path: `/api/columns/${id}/move`, body: place, change: { do: 'column.move', column: id, place }, card: null, title: column.title });
  kit.said = t('board.column.moved', { column: column.title, place: placeIn(others, place) + 1, count: others.length + 1 });
}

/** Puts a column away with its cards; the toast brings it back to where it stood. */
export function archiveColumn(kit: BoardKit, column: Column): void {
  const columns = kit.store.lists.map((list) => list.column.id);
  const at = columns.indexOf(column.id);
  const place: Beside = { before: columns[at + 1] ?? null, after: columns[at - 1] ?? null };
  const send = (on: boolean): void =>
    void kit.store.command({
      method: 'POST', path: `/api/columns/${column.id}/archive`, body: on ? { on, cards: true } : { on, ...place },
      change: on ? { do: 'column.take', column: column.id } : { do: 'column.make', row: column, place }, card: null, title: column.title,
    });
  send(true);
  focusColumn(place.before ?? place.after ?? undefined);
  toasts.say(t('board.column.archived', { column: column.title }), { label: t('core.undo'), run: () => (send(false), focusColumn(column.id)) });
}
