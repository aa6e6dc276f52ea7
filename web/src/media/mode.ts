/** What a viewer wants of a stage, kept for the next one. */
export type Mode = 'automatic' | 'high' | 'low' | 'audio';

const KEPT = 'quality';

/** What was chosen last; who saves data begins with sound alone. The server reads past what it does not know. */
export function keptMode(): Mode {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept) return kept as Mode;
  } catch {
    // No storage: the choice lasts as long as the page.
  }
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData ? 'audio' : 'automatic';
}

export function keep(mode: Mode): void {
  try {
    localStorage.setItem(KEPT, mode);
  } catch {
    // As above.
  }
}
