/** What may be done with a message, as the choices of its menu. */
import { account } from '~/app/me.svelte';
import { t } from '~/i18n/t.svelte';
import { api } from '~/net/api';
import type { Deed, Message, Person, Session } from '~/net/shapes';
import type { Choice } from '~/ui/Menu.svelte';
import { toasts } from '~/ui/toasts.svelte';
import type { MineStore } from '../stage/MineStore.svelte';

export interface Acts {
  reply: (message: Message) => void;
  react: (message: Message) => void;
  edit: (message: Message) => void;
  remove: (message: Message) => void;
  report: (message: Message) => void;
  task: (message: Message) => void;
  meet: (person: Person) => void;
}

export function choicesFor(message: Message, own: boolean, mine: Pick<MineStore, 'may'> | null, session: Session | null, acts: Acts): Choice[] {
  const moderates = mine?.may('message.moderate') ?? false;
  const deed = (path: string, said: string, method: 'post' | 'put' | 'delete' = 'post'): void => void tell(path, said, method);
  if (message.deleted) return message.hidden && moderates ? [{ label: t('talk.restore'), pick: () => deed(`/api/messages/${message.id}/restore`, t('talk.restored')) }] : [];
  return [
    { label: t('talk.reply'), pick: () => acts.reply(message) },
    { label: t('talk.react'), pick: () => acts.react(message) },
    ...(own ? [{ label: t('chat.edit'), pick: () => acts.edit(message) }] : []),
    ...(mine?.may('message.pin') ? [message.pinned
      ? { label: t('talk.unpin'), pick: () => deed(`/api/messages/${message.id}/pin`, t('talk.unpinned'), 'delete') }
      : { label: t('talk.pin'), pick: () => deed(`/api/messages/${message.id}/pin`, t('talk.pinned'), 'put') }] : []),
    ...(mine?.may('question.decide') ? [{ label: t('talk.to_question'), pick: () => void asked(message) }] : []),
    ...(account.me?.teams.length ? [{ label: t('talk.to_task'), pick: () => acts.task(message) }] : []),
    ...(own ? [] : [{ label: t('talk.report'), pick: () => acts.report(message) }]),
    ...(moderates && !own ? [{ label: t('talk.hide'), danger: true, pick: () => deed(`/api/messages/${message.id}/hide`, t('talk.hid')) }] : []),
    ...(own || moderates ? [{ label: t('chat.delete'), danger: true, pick: () => acts.remove(message) }] : []),
    ...(own || !session ? [] : mine?.may('person.moderate') ? silencing(message.author, session, acts) : [{ label: t('talk.person', { name: message.author.name }), pick: () => acts.meet(message.author) }]),
  ];
}

/** What moderators do about somebody at once; a ban asks first, in the person's own card. */
function silencing(person: Person, session: Session, acts: Acts): Choice[] {
  const silence = `/api/conferences/${session.conference_id}/people/${person.id}/silence`;
  return [
    { label: t('talk.lock', { name: person.name }), danger: true, pick: () => void tell(silence, t('talk.locked', { name: person.name }), 'post', { session_id: session.id, minutes: 10 }) },
    { label: t('talk.mute', { name: person.name }), danger: true, pick: () => void tell(silence, t('talk.muted', { name: person.name }), 'post', {}) },
    { label: t('talk.ban', { name: person.name }), danger: true, pick: () => acts.meet(person) },
  ];
}

/** Does something that has a way back, and offers it. */
export async function tell(path: string, said: string, method: 'post' | 'put' | 'delete' = 'post', body?: unknown): Promise<Deed | null> {
  try {
    const deed = await (method === 'delete' ? api.delete<Deed>(path) : api[method]<Deed>(path, body));
    const toast = toasts.say(said, { label: t('core.undo'), run: () => void undo(deed, toast) });
    return deed;
  } catch (error) {
    toasts.fault(error);
    return null;
  }
}

export async function undo(deeds: Deed | readonly Deed[], toast?: number): Promise<void> {
  if (toast !== undefined) toasts.drop(toast);
  try {
    for (const { id } of [deeds].flat()) await api.post(`/api/audit/${id}/undo`);
    toasts.say(t('talk.undone'));
  } catch (error) {
    toasts.fault(error);
  }
}

async function asked(message: Message): Promise<void> {
  try {
    await api.post(`/api/messages/${message.id}/question`);
    toasts.say(t('talk.is_question'));
  } catch (error) {
    toasts.fault(error);
  }
}
