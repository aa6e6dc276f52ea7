/** Messages as rows of the log: a line for each new day, one head for what somebody says in one go. */
import { dayKey } from '~/i18n/format';
import type { Message, Person } from '~/net/shapes';
import type { Sending } from './ChatStore.svelte';

export type Row =
  | { key: string; kind: 'day'; at: string }
  | { key: string; kind: 'new' }
  | { key: string; kind: 'message'; message: Message; head: boolean }
  | { key: string; kind: 'sending'; sending: Sending; author: Person; head: boolean };

const ONE_GO_MS = 5 * 60_000;

export function rowsOf(messages: readonly Message[], sending: readonly Sending[], me: Person, zone: string, newFrom?: string | null): Row[] {
  const rows: Row[] = [];
  let day = '';
  let before: { author: string; at: number } | null = null;
  const place = (at: string, author: string): boolean => {
    const key = dayKey(at, zone);
    const moment = Date.parse(at);
    const head = key !== day || before === null || before.author !== author || moment - before.at > ONE_GO_MS;
    if (key !== day) rows.push({ key: `day ${key}`, kind: 'day', at });
    day = key;
    before = { author, at: moment };
    return head;
  };
  for (const message of messages) {
    const fresh = message.id === newFrom;
    if (fresh) before = null;
    const head = place(message.at, message.author.id);
    if (fresh) rows.push({ key: 'new', kind: 'new' });
    rows.push({ key: message.id, kind: 'message', message, head });
  }
  for (const one of sending) {
    const head = place(one.at, me.id);
    rows.push({ key: one.key, kind: 'sending', sending: one, author: me, head });
  }
  return rows;
}
