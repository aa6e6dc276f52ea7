/** When to show the stage a few seconds behind: the live picture does not come, or the visitor wants to go back. */
import type { LinkState } from '~/media/link';

/** With the loading that follows, a picture is there within six seconds. */
const PATIENCE_MS = 4_000;

/** What the pictures' formats are called there. */
const FORMATS: Record<string, string> = { H264: 'avc1.42e01f', VP9: 'vp09.00.10.08', AV1: 'av01.0.04M.08' };

/** Whether a format that the browser takes from no live connection can be played this way. */
export function playsBehind(codec: string | null): boolean {
  const format = FORMATS[codec ?? ''];
  return format !== undefined && typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported(`video/mp4; codecs="${format}"`);
}

export class Behind {
  on = $state(false);
  /** The visitor is here by choice: the live picture, when it comes, must not take them away. */
  chosen = $state(false);
  private needed = false;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /**
   * `possible`: there is something to play a few seconds behind. `needed`: it is known that no live picture will be
   * seen, because the server's line bears no more of them or the browser cannot show them. Call it at every change.
   */
  look(possible: boolean, link: LinkState, needed = false): void {
    this.needed = needed;
    if (!possible || link === 'connected') this.rest();
    if (!possible) this.on = this.chosen = false;
    else if (link === 'refused' || needed) this.on = true;
    else if (link === 'connected') this.on = this.chosen;
    else if (!this.on && this.waiting === undefined) this.waiting = setTimeout(() => (this.on = true), PATIENCE_MS);
  }

  goBack(): void {
    this.on = this.chosen = true;
  }

  /** To the live picture where there is one, else to the newest there is. */
  toNow(link: LinkState): void {
    this.chosen = false;
    if (link === 'connected' && !this.needed) this.on = false;
  }

  rest(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }
}
