/** The way back from a card to what was said: its page opens there, at the very message, question or moment. */
import type { Card } from '~/net/shapes';

type Source = NonNullable<Card['source']>;

/** Null for what was said where not everybody of the board may come, such as between two people. */
export function wayBack({ kind, id, session_id, team_id, at_ms }: Source): string | null {
  if (!session_id) return kind === 'message' && team_id ? `/t/${team_id}?message=${id}#chat` : null;
  return kind === 'recording' ? `/s/${session_id}?recording=${id}&at=${at_ms ?? 0}` : `/s/${session_id}?${kind}=${id}`;
}

/** A place in a recording as players show it: 4:07, 1:02:30. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part, at) => (at ? String(part).padStart(2, '0') : part)).join(':');
}
