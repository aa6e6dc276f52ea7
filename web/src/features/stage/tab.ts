/** What this tab remembers of a session over a reload, for as long as the tab lives. A browser that keeps nothing forgets. */
export function marked(key: string): boolean {
  try {
    return sessionStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}

export function mark(key: string, on = true): void {
  try {
    if (on) sessionStorage.setItem(key, 'yes');
    else sessionStorage.removeItem(key);
  } catch {
    // It is asked or said again after a reload.
  }
}
