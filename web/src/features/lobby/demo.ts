/** The six people of demo mode, and the page where each has something to do. */
import { account } from '~/app/me.svelte';
import { api } from '~/net/api';
import type { Me } from '~/net/shapes';

export const PERSONAS = ['organiser', 'moderator', 'speaker', 'attendee', 'team_lead', 'volunteer'] as const;
export type Persona = (typeof PERSONAS)[number];

/** Signs the visitor in and tells the page to go to. */
export async function enterAs(persona: Persona): Promise<string> {
  const entered = await api.post<Me & { landing: string }>('/api/demo/sign-in', { persona });
  await account.enter(entered);
  return entered.landing;
}

/** Another name of this computer keeps a login of its own: a second person in the same browser. */
export function otherAddress(at: { protocol: string; hostname: string; port: string }): string | null {
  const other = { '127.0.0.1': 'localhost', localhost: '127.0.0.1' }[at.hostname];
  return other ? `${at.protocol}//${other}${at.port ? `:${at.port}` : ''}/` : null;
}
