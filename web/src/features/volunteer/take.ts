/** Taking a card, from wherever it is shown. */
import { account } from '~/app/me.svelte';
import { t } from '~/i18n/t.svelte';
import { api } from '~/net/api';
import type { Card } from '~/net/shapes';
import { toasts } from '~/ui/toasts.svelte';

interface Taken { card: Card; team_id: string; joined: boolean }

/** True when a first team was joined and nothing is known of the person yet: the profile may be asked for. */
export async function take(card: Card, team: string): Promise<{ taken: boolean; ask: boolean }> {
  try {
    const { joined } = await api.post<Taken>(`/api/cards/${card.id}/take`);
    toasts.say(joined && team ? t('work.taken.joined', { team }) : t('work.taken'));
    if (!joined) return { taken: true, ask: false };
    await account.refresh();
    return { taken: true, ask: await unknown() };
  } catch (error) {
    toasts.fault(error);
    return { taken: false, ask: false };
  }
}

const LATER = 'profile.later';

/** Whether one never filled in what one brings to teams, nor put it off here. */
export async function unknown(): Promise<boolean> {
  return !putOff() && !(await api.get<{ made: boolean }>('/api/me/volunteer').catch(() => ({ made: true }))).made;
}

/** Put off: one is not asked again by itself; the form stays in one's own settings. */
export function later(): void {
  try {
    localStorage.setItem(LATER, account.me!.person.id);
  } catch {
    // Without storage one is asked at the next team.
  }
}

export function putOff(): boolean {
  try {
    return localStorage.getItem(LATER) === account.me?.person.id;
  } catch {
    return false;
  }
}
