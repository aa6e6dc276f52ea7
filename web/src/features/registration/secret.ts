/**
 * The secret of the personal link is made here and kept until the answer came: a second try, also one after the
 * page was loaded again, is the same wish and finds the seat that the first one took.
 */
const name = (ref: string): string => `registering:${ref}`;

export function secretFor(ref: string): string {
  const made = fresh();
  try {
    const kept = sessionStorage.getItem(name(ref));
    if (kept) return kept;
    sessionStorage.setItem(name(ref), made);
  } catch {
    // Nothing is kept here: it lasts as long as the page.
  }
  return made;
}

export function spend(ref: string): void {
  try {
    sessionStorage.removeItem(name(ref));
  } catch {
    // Nothing was kept.
  }
}

/** 128 bits as base64url (RFC 4648 section 5). */
function fresh(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))).replace(/[+/=]/g, (sign) => ({ '+': '-', '/': '_' })[sign] ?? '');
}
