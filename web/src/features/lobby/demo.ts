/** The six people of demo mode, and the page where each has something to do. */
import { account } from '~/app/me.svelte';
import { api } from '~/net/api';
import type { Me, Session } from '~/net/shapes';

export const PERSONAS = ['organiser', 'moderator', 'speaker', 'attendee', 'team_lead', 'volunteer'] as const;
export type Persona = (typeof PERSONAS)[number];

export async function enterAs(persona: Persona): Promise<string> {
  const me = await api.post<Me>('/api/demo/sign-in', { persona });
  await account.enter(me);
  const conference = me.conferences[0];
  const sessions = conference ? (await api.get<{ sessions: Session[] }>(`/api/conferences/${conference.id}`)).sessions : [];
  return placeOf(persona, me, sessions);
}

export function placeOf(persona: Persona, me: Me, sessions: readonly Session[]): string {
  const conference = me.conferences[0];
  if (persona === 'team_lead' || persona === 'volunteer') {
    return me.teams[0]?.board_id ? `/b/${me.teams[0].board_id}` : conference ? `/c/${conference.id}` : '/';
  }
  if (!conference) return '/';
  const own = sessions.filter((session) => session.speakers.some(({ id }) => id === me.person.id));
  const wanted = persona === 'speaker' ? own : sessions;
  const session = busiest(wanted);
  if (!session || persona === 'organiser') return `/c/${conference.id}`;
  return `/s/${session.id}${{ moderator: '/desk', speaker: '/studio', attendee: '' }[persona]}`;
}

/** A session one can act in: live before backstage before to come. */
function busiest(sessions: readonly Session[]): Session | null {
  for (const state of ['live', 'backstage', 'scheduled'] as const) {
    const found = sessions.find((session) => session.state === state);
    if (found) return found;
  }
  return null;
}

/** Another name of this computer keeps a login of its own: a second person in the same browser. */
export function otherAddress(at: { protocol: string; hostname: string; port: string }): string | null {
  const other = { '127.0.0.1': 'localhost', localhost: '127.0.0.1' }[at.hostname];
  return other ? `${at.protocol}//${other}${at.port ? `:${at.port}` : ''}/` : null;
}
