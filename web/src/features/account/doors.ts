/** What the doors ask of the server, and where one goes after them. */
import { account } from '~/app/me.svelte';
import { language } from '~/i18n/t.svelte';
import { viewerZone } from '~/i18n/format';
import { api } from '~/net/api';
import type { Me, Role } from '~/net/shapes';
import { match } from '~/router.svelte';

interface Named { id: string; title: string; titles: Record<string, string> }
export interface Invited { conference: Named; role: Role; session: Named | null }
export interface Joined { me: Me; conference_id: string; session_id: string | null; team_id: string | null }

export async function signIn(email: string, password: string): Promise<void> {
  await account.enter(await api.post<Me>('/api/sign-in', { email, password }));
}

/** The answer is the same for a known and an unknown address; signing in then tells them apart. */
export async function signUp(name: string, email: string, password: string): Promise<void> {
  await api.post('/api/sign-up', { name, email, password, locale: language.locale, zone: viewerZone() });
  await signIn(email, password);
}

export function look(token: string): Promise<Invited> {
  return api.post<Invited>('/api/invitations/look', { token });
}

export async function accept(token: string, name: string | null): Promise<Joined> {
  const body = { token, locale: language.locale, zone: viewerZone(), ...(name ? { name } : {}) };
  const joined = await api.post<Joined>('/api/invitations/accept', body);
  await account.enter(joined.me);
  return joined;
}

export async function redeem(token: string): Promise<void> {
  await account.enter(await api.post<Me>('/api/sign-in-links/redeem', { token }));
}

export async function finishSetup(token: string, name: string, email: string, password: string): Promise<void> {
  const body = { token, name, email, password, locale: language.locale, zone: viewerZone() };
  await account.enter(await api.post<Me>('/api/setup', body));
}

/** The secret of a link stands after the # and so never reaches a log. */
export function tokenOf(hash: string): string | null {
  const token = hash.replace(/^#/, '').trim();
  return /^[\w-]{16,}$/.test(token) ? token : null;
}

/** The address after the door: only our own pages, never another site. */
export function nextOf(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/';
  return next.startsWith('/') && !next.startsWith('//') && match(next.split(/[?#]/)[0]!) ? next : '/';
}

/** A speaker lands where speakers get ready; everybody else among the audience. */
export function pageOf(joined: Joined, role?: Role): string {
  if (joined.session_id && role === 'speaker') return `/s/${joined.session_id}/studio`;
  if (joined.session_id) return `/s/${joined.session_id}`;
  if (joined.team_id) return `/t/${joined.team_id}`;
  return `/c/${joined.conference_id}`;
}
