/** Whether this window was sending to a stage when its page went: reloaded, or put aside by a phone. */
const KEY = 'sending:';

export function wasSending(session: string): boolean {
  try {
    return sessionStorage.getItem(KEY + session) !== null;
  } catch {
    return false;
  }
}

export function noteSending(session: string, sending: boolean): void {
  try {
    if (sending) sessionStorage.setItem(KEY + session, 'yes');
    else sessionStorage.removeItem(KEY + session);
  } catch {
    // After a reload the usual words are said.
  }
}
