/** A card one step away: past those that the filter hides, or to the column beside. */
import type { BoardKit } from './BoardKit.svelte';
import type { BoardStore } from './BoardStore.svelte';
import type { Place, ShownCard } from './changes';

/** One step up or down among the cards in sight; null at the edge. */
export function stepPlace(store: BoardStore, card: string, by: -1 | 1, within: (card: ShownCard) => boolean = () => true): Place | null {
  const found = store.find(card);
  if (!found) return null;
  const sight = found.cards.filter((one) => one.id === card || within(one));
  const beside = sight[sight.findIndex(({ id }) => id === card) + by];
  if (!beside) return null;
  return { column_id: found.column.id, ...(by < 0 ? { before: beside.id } : { after: beside.id }) };
}

/** The neighbouring column, at about the same height; null at the edge. */
export function asidePlace(store: BoardStore, card: string, by: -1 | 1): Place | null {
  const found = store.find(card);
  if (!found) return null;
  const target = store.lists[store.lists.findIndex(({ column }) => column.id === found.column.id) + by];
  if (!target) return null;
  const beside = target.cards[found.at];
  return { column_id: target.column.id, ...(beside ? { before: beside.id } : {}) };
}

export function step(kit: BoardKit, card: string, by: -1 | 1): void {
  void kit.move(card, stepPlace(kit.store, card, by, kit.inSight), { refocus: true });
}

export function aside(kit: BoardKit, card: string, by: -1 | 1): void {
  void kit.move(card, asidePlace(kit.store, card, by), { refocus: true });
}
