/**
 * Whether the visitor already said that they want in: they came here by a press inside the app (which also
 * lets the browser play sound), or entered this session before in this tab.
 */
import { router } from '~/router.svelte';
import { mark, marked } from './tab';

const key = (session: string): string => `joined:${session}`;

export function joinedBefore(session: string): boolean {
  if (marked(key(session))) return true;
  const pressed = router.changes > 1;
  if (pressed) rememberJoined(session);
  return pressed;
}

export const rememberJoined = (session: string): void => mark(key(session));
