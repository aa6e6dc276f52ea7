/** Since when this session is on air, as this tab saw it; kept over a reload. Null while it is not, or when nobody saw it begin. */
export function liveSince(session: string, live: boolean, now: number = Date.now()): number | null {
  const key = `live:${session}`;
  try {
    if (!live) {
      sessionStorage.setItem(key, 'no');
      return null;
    }
    const kept = sessionStorage.getItem(key);
    if (kept === 'no') sessionStorage.setItem(key, String(now));
    return kept === null ? null : kept === 'no' ? now : Number(kept);
  } catch {
    return null;
  }
}
