/** What is rarely done to a whole column. */
import { t } from '~/i18n/t.svelte';
import { toasts } from '~/ui/toasts.svelte';
import type { BoardKit } from './BoardKit.svelte';
import type { Column } from './shapes';

/** Puts a column away with its cards; the toast brings it back. */
export function archiveColumn(kit: BoardKit, column: Column): void {
  const send = (on: boolean): void =>
    void kit.store.command({
      method: 'POST', path: `/api/columns/${column.id}/archive`, body: on ? { on, cards: true } : { on },
      change: on ? { do: 'column.take', column: column.id } : { do: 'column.make', row: column }, card: null, title: column.title,
    });
  send(true);
  toasts.say(t('board.column.archived', { column: column.title }), { label: t('core.undo'), run: () => send(false) });
}
