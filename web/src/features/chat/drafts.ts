/** Words not yet sent, kept in this browser: a closed tab or a lost network loses nothing. */
function key(name: string): string {
  return `draft:${name}`;
}

export function readDraft(name: string): string {
  try {
    return localStorage.getItem(key(name)) ?? '';
  } catch {
    return '';
  }
}

export function writeDraft(name: string, text: string): void {
  try {
    if (text.trim() === '') localStorage.removeItem(key(name));
    else localStorage.setItem(key(name), text);
  } catch {
    // A private window without storage: the words live as long as the page.
  }
}

/** Messages on their way: sent again, with the same key, after a reload. */
export interface Waiting { key: string; text: string; at: string; more?: { parent_id?: string; mentions?: string[] } }

export function readOutbox(name: string): Waiting[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(`outbox:${name}`) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isWaiting) : [];
  } catch {
    return [];
  }
}

export function writeOutbox(name: string, waiting: readonly Waiting[]): void {
  try {
    if (waiting.length === 0) localStorage.removeItem(`outbox:${name}`);
    else localStorage.setItem(`outbox:${name}`, JSON.stringify(waiting));
  } catch {
    // As above.
  }
}

function isWaiting(value: unknown): value is Waiting {
  const one = value as Partial<Waiting> | null;
  return typeof one?.key === 'string' && typeof one.text === 'string' && typeof one.at === 'string';
}
