/** The board by keys. Letters by their place on the keyboard, so that an Arabic layout works alike; they act only on a card that has the focus. */
import { language } from '~/i18n/t.svelte';
import type { BoardKit } from './BoardKit.svelte';
import { archive, back } from './own';
import { aside, step } from './steps';

/** Keys of one character may get in the way of who speaks to the machine (WCAG 2.1.4). */
const SINGLE = 'single-keys';

export function singleKeys(): boolean {
  try {
    return localStorage.getItem(SINGLE) !== 'off';
  } catch {
    return true; // a private window keeps no wish
  }
}

export function setSingleKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(SINGLE);
    else localStorage.setItem(SINGLE, 'off');
  } catch {
    // As above.
  }
}

const TYPING = 'input, textarea, select, [contenteditable]';

export function pressed(kit: BoardKit, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || event.isComposing || target.closest?.('dialog, [popover]')) return;
  const typing = target.matches?.(TYPING);
  const act = (event.ctrlKey || event.metaKey) && !event.altKey ? undoing(kit, event, typing) : typing ? null : event.ctrlKey || event.metaKey ? null : deed(kit, event, target);
  if (!act) return;
  event.preventDefault();
  act();
}

function undoing(kit: BoardKit, event: KeyboardEvent, typing: boolean): (() => void) | null {
  if (typing) return null;
  // What the key writes, where that is Latin: on a German keyboard Z and Y have each other's place. Else by its place.
  const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace('Key', '').toLowerCase();
  if (letter === 'z') return () => void back(kit, event.shiftKey ? 'redo' : 'undo');
  return letter === 'y' ? () => void back(kit, 'redo') : null;
}

function deed(kit: BoardKit, event: KeyboardEvent, target: HTMLElement): (() => void) | null {
  const holder = target.closest<HTMLElement>('[data-card]');
  const id = holder && target.matches('.title') ? holder.dataset.card! : null;
  const on = language.dir === 'rtl' ? -1 : 1;
  if (event.altKey) {
    if (!id) return null;
    const moves: Record<string, () => void> = {
      ArrowUp: () => step(kit, id, -1), ArrowDown: () => step(kit, id, 1),
      ArrowRight: () => aside(kit, id, on as -1 | 1), ArrowLeft: () => aside(kit, id, -on as -1 | 1),
    };
    return moves[event.key] ?? null;
  }
  if (event.key.length === 1 && !singleKeys()) return null;
  if (event.key === '?' || event.key === '؟') return () => (kit.panel = { kind: 'help' });
  if (event.key === '/' || event.code === 'Slash') return () => document.querySelector<HTMLElement>('[data-find]')?.focus();
  if (!id) return null;
  const card = kit.store.shown(id);
  const goes: Record<string, () => void> = {
    ArrowUp: () => walk(kit, id, 0, -1), ArrowDown: () => walk(kit, id, 0, 1), KeyK: () => walk(kit, id, 0, -1), KeyJ: () => walk(kit, id, 0, 1),
    ArrowRight: () => walk(kit, id, on, 0), ArrowLeft: () => walk(kit, id, -on, 0),
  };
  const go = goes[event.code];
  if (go) return go;
  if (!card || kit.shut || event.shiftKey) return null;
  const deeds: Record<string, () => void> = {
    KeyE: () => (kit.naming = id), F2: () => (kit.naming = id), KeyM: () => (kit.panel = { kind: 'move', card: id }),
    KeyL: () => (kit.panel = { kind: 'marks', card: id }), KeyA: () => (kit.panel = { kind: 'people', card: id }),
    KeyN: () => (kit.adding = card.column_id), KeyC: () => archive(kit, card), Delete: () => archive(kit, card),
  };
  return deeds[event.code] ?? null;
}

/** The focus to a neighbour in sight. */
function walk(kit: BoardKit, id: string, columns: number, rows: number): void {
  const lists = kit.store.lists.map(({ cards }) => cards.filter(kit.inSight));
  const from = lists.findIndex((cards) => cards.some((card) => card.id === id));
  const at = lists[from]?.findIndex((card) => card.id === id) ?? 0;
  for (let to = from + columns; lists[to]; to += columns) {
    const cards = lists[to]!;
    const next = cards[rows === 0 ? Math.min(at, cards.length - 1) : at + rows];
    if (next) return kit.focus(next.id);
    if (columns === 0) return;
  }
}
