/** Where the frame's links lead: the conference last looked at, one's own boards. */
import { router } from '~/router.svelte';
import type { Me } from '~/net/shapes';
import { account } from './me.svelte';

class Places {
  private last = $state<string | null>(null);

  /** A page tells which conference it belongs to. */
  visit(conference: string): void {
    this.last = conference;
  }

  get conference(): string | null {
    return router.page.params.conference_id ?? this.last ?? account.me?.conferences[0]?.id ?? null;
  }

  get programme(): string | null {
    return this.conference ? `/c/${this.conference}` : null;
  }
}

/** One's teams' boards, as links. */
export function boardsOf(me: Me | null): { label: string; href: string }[] {
  return (me?.teams ?? []).flatMap(({ title, board_id }) => (board_id ? [{ label: title, href: `/b/${board_id}` }] : []));
}

export const places = new Places();
