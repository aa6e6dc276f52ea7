/** What only the server can find: words in descriptions, which the board does not hold. */
import { api } from '~/net/api';
import type { Card } from './shapes';

const PAGES = 5;
/** One letter is in nearly every card. */
export const SHORTEST = 2;

/** The cards of a board that have these words; without a network nothing, and the titles are searched all the same. */
export async function described(board: string, text: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  try {
    for (let page = 0, before = ''; page < PAGES; page++) {
      const asked = new URLSearchParams({ q: text, before });
      const { cards, more } = await api.get<{ cards: Card[]; more: boolean }>(`/api/boards/${board}/cards?${asked}`, { signal });
      for (const { id } of cards) found.add(id);
      if (!more) break;
      before = String(cards.at(-1)!.number);
    }
  } catch {
    // Offline, or asked anew meanwhile.
  }
  return found;
}
