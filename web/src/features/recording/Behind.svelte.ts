/** When to show the stage a few seconds behind: the live picture does not come, or the visitor wants to go back. */
import type { LinkState } from '~/media/link';

/** With the loading that follows, a picture is there within six seconds. */
const PATIENCE_MS = 4_000;

export class Behind {
  on = $state(false);
  /** The visitor is here by choice: the live picture, when it comes, must not take them away. */
  chosen = $state(false);
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /**
   * `possible`: there is something to play a few seconds behind. `full`: the server said that its line bears no
   * more live pictures. Call it at every change.
   */
  look(possible: boolean, link: LinkState, full = false): void {
    if (!possible || link === 'connected') this.rest();
    if (!possible) this.on = this.chosen = false;
    else if (link === 'refused' || (full && link !== 'connected')) this.on = true;
    else if (link === 'connected') this.on = this.chosen;
    else if (!this.on && this.waiting === undefined) this.waiting = setTimeout(() => (this.on = true), PATIENCE_MS);
  }

  goBack(): void {
    this.on = this.chosen = true;
  }

  /** To the live picture where there is one, else to the newest there is. */
  toNow(link: LinkState): void {
    this.chosen = false;
    if (link === 'connected') this.on = false;
  }

  rest(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }
}
