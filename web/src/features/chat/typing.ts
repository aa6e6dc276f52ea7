/** Who is writing, in one whole sentence. */
import { t } from '~/i18n/t.svelte';
import type { Person } from '~/net/shapes';

export function typingLine(people: readonly Person[]): string {
  const [one, other] = people;
  if (!one) return '';
  if (!other) return t('chat.typing.one', { name: one.name });
  return people.length === 2 ? t('chat.typing.two', { name: one.name, other: other.name }) : t('chat.typing.many');
}
