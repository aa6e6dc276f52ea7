/** What a row of the log needs of the part that comes late. */
import type { Message } from '~/net/shapes';
import type { Choice } from '~/ui/Menu.svelte';
import type { ChatExtras } from './ChatExtras.svelte';

export interface Kit {
  parts: typeof import('./extras');
  extras: ChatExtras;
  choices(message: Message): Choice[];
  find(id: string): Message | undefined;
  jump(id: string): void;
  /** The message a sign is being chosen for, and the one that was jumped to. */
  readonly picking: string | null;
  readonly lit: string | null;
  picked(): void;
}
