/** Where the frame's links lead: the conference last looked at, one's own boards. */
import { router } from '~/router.svelte';
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

export const places = new Places();
