/** A conversation as the chat's components ask for it beside its messages: who is typing there. */
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Person } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { Typists } from '../chat/Typists.svelte';

export class TalkStore extends Typists {
  /** It belongs to no session. */
  readonly session = null;
  private followed: Followed | null = null;

  constructor(
    readonly id: string,
    private readonly live: LiveClient = theLive,
  ) {
    super();
  }

  open(): void {
    this.followed = follow<object>(this.live, {
      channel: `conversation:${this.id}`,
      headFirst: true,
      load: () => Promise.resolve({}),
      reset: () => {},
      publication: () => {},
      signal: ({ name, data }) => name === 'typing' && this.typed(data.people as Person[] | undefined),
    });
  }

  close(): void {
    this.followed?.close();
    this.quiet();
  }

  protected signalTyping(): void {
    this.followed?.signal('typing', {});
  }
}
