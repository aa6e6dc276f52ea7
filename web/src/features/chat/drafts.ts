/**
 * Words not yet sent, kept in this browser: a closed tab or a lost network loses nothing. By person: whoever else
 * uses this browser does not meet them.
 */
import { account } from '~/app/me.svelte';

function key(kind: 'draft' | 'outbox', name: string): string {
  return `${kind}:${account.me?.person.id ?? ''} ${name}`;
}

export function readDraft(name: string): string {
  try {
    return localStorage.getItem(key('draft', name)) ?? '';
  } catch {
    return '';
  }
}

export function writeDraft(name: string, text: string): void {
  try {
    if (text.trim() === '') localStorage.removeItem(key('draft', name));
    else localStorage.setItem(key('draft', name), text);
  } catch {
    // A private window without storage: the words live as long as the page.
  }
}

/** Messages on their way: sent again, with the same key, after a reload. */
export interface Waiting { key: string; text: string; at: string; more?: { parent_id?: string; mentions?: string[] } }

export function readOutbox(name: string): Waiting[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key('outbox', name)) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isWaiting) : [];
  } catch {
    return [];
  }
}

export function writeOutbox(name: string, waiting: readonly Waiting[]): void {
  try {
    if (waiting.length === 0) localStorage.removeItem(key('outbox', name));
    else localStorage.setItem(key('outbox', name), JSON.stringify(waiting));
  } catch {
    // As above.
  }
}

function isWaiting(value: unknown): value is Waiting {
  const one = value as Partial<Waiting> | null;
  return typeof one?.key === 'string' && typeof one.text === 'string' && typeof one.at === 'string';
}
