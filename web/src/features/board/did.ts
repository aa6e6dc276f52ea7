/** What a command did, in words, and the words that it carries: for one that waits, and for one that was not taken. */
import { t } from '~/i18n/t.svelte';
import type { Command } from './commands';

export function did({ change, path }: Command): string {
  if (change.do === 'within') {
    const { part } = change;
    if (part.of === 'description') return t('card.did.description');
    if (part.of === 'item') return t('card.did.item');
    if (part.of === 'file') return t('card.files');
    if ('make' in part) return t('card.did.comment');
    return t(part.set.deleted ? 'card.did.comment_gone' : 'card.did.comment_edit');
  }
  if (path.endsWith('/work')) return t('card.did.work');
  if (path.endsWith('/links')) return t('card.did.link');
  if (path.endsWith('/card')) return t('card.did.promote');
  if (path.endsWith('/watch')) return t('card.did.watch');
  switch (change.do) {
    case 'make': return t(path.endsWith('/archive') ? 'card.did.restore' : 'card.did.make');
    case 'move': return t('card.did.move');
    case 'take': return t('card.did.archive');
    case 'set': return t('card.did.set');
    case 'label': return t('card.did.label');
    case 'person': return t('card.did.person');
    case 'other': return t('card.did.other');
    default: return t('card.did.column');
  }
}

const WORDS = ['title', 'description', 'text', 'note', 'skill', 'url'];

/** What its person wrote; nothing when it has no words of their own. */
export function wordsOf({ body }: Command): string {
  const sent = (body ?? {}) as Record<string, { value?: unknown } | string | null>;
  for (const name of WORDS) {
    const field = sent[name];
    const words = typeof field === 'object' ? field?.value : field;
    if (typeof words === 'string' && words.trim()) return words;
  }
  return '';
}
