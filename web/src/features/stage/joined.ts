/**
 * Whether the visitor already said that they want in: they came here by a press inside the app (which also
 * lets the browser play sound), or entered this session before in this tab.
 */
import { router } from '~/router.svelte';

export function joinedBefore(session: string): boolean {
  try {
    if (sessionStorage.getItem(`joined:${session}`)) return true;
  } catch {
    // Without storage only the press counts.
  }
  const pressed = router.changes > 1;
  if (pressed) rememberJoined(session);
  return pressed;
}

export function rememberJoined(session: string): void {
  try {
    sessionStorage.setItem(`joined:${session}`, 'yes');
  } catch {
    // A reload will ask again.
  }
}
