/** Whether this visitor was told, in this tab, that the session is recorded. */
const KEY = 'recorded:';

export function agreed(session: string): boolean {
  try {
    return sessionStorage.getItem(KEY + session) !== null;
  } catch {
    return false;
  }
}

export function agree(session: string): void {
  try {
    sessionStorage.setItem(KEY + session, 'yes');
  } catch {
    // They are asked again after a reload.
  }
}
