/** The attendee's receiver: the connection to the air and its streams, sound and volume, and whether the browser lets sound out. */
import { watch, type Feed } from '~/media/whep';
import type { DoorFault } from '~/media/faults';
import type { LinkState, MediaLink } from '~/media/link';
import { keptMode, type Mode } from '~/media/mode';

/** Six people, a shared screen, and a prepared film. */
export const SLOTS = 8;

function readVolume(): number {
  try {
    const kept = Number(localStorage.getItem('volume') ?? 1);
    return kept >= 0 && kept <= 1 ? kept : 1;
  } catch {
    return 1;
  }
}

export class Watcher {
  state = $state<LinkState>('closed');
  fault = $state.raw<DoorFault | null>(null);
  streams = $state.raw<MediaStream[]>([]);
  /** How the viewer wants it, live or some seconds behind. */
  mode = $state<Mode>(keptMode());
  volume = $state(readVolume());
  muted = $state(false);
  /** The browser wants a touch before it lets sound out; the picture already runs. */
  silenced = $state(false);
  /** Told whenever the pictures are drawn in other sizes. */
  onWidths: (widths: Record<number, number>) => void = () => {};
  widths: Record<number, number> = {};
  /** Slots whose picture this browser cannot show, as the server said. */
  unshown = $state.raw<ReadonlySet<number>>(new Set());
  link: MediaLink | null = null;
  private elements = new Set<HTMLMediaElement>();

  constructor(
    private readonly session: string,
    private readonly iceServers: () => RTCIceServer[],
    private readonly feed: Feed = 'air',
    private readonly slots: number = SLOTS,
  ) {}

  open(): void {
    if (this.link) return;
    this.link = watch({
      session: this.session, feed: this.feed, slots: this.slots, iceServers: this.iceServers, ...(this.feed === 'air' ? { mode: keptMode } : {}),
      onState: (state, fault) => {
        this.state = state;
        this.fault = fault;
      },
      onStreams: (streams) => (this.streams = streams),
    });
    this.link.open();
  }

  close(): void {
    this.link?.close();
    this.link = null;
    this.streams = [];
  }

  /** Svelte action: plays a slot's stream in this element, with sound where the browser allows it. */
  readonly play = (element: HTMLMediaElement, stream: MediaStream | undefined): { update(next: MediaStream | undefined): void; destroy(): void } => {
    this.elements.add(element);
    element.volume = this.volume;
    element.muted = this.muted || this.silenced;
    const show = (next: MediaStream | undefined): void => {
      if (element.srcObject === (next ?? null)) return;
      element.srcObject = next ?? null;
      if (next) void this.start(element);
    };
    show(stream);
    return {
      update: show,
      destroy: () => {
        this.elements.delete(element);
        element.srcObject = null;
      },
    };
  };

  /** How wide each slot's picture is drawn, in the screen's pixels; 0 is out of sight. */
  show(widths: Record<number, number>): void {
    this.widths = widths;
    this.onWidths(widths);
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.muted = volume === 0;
    try {
      localStorage.setItem('volume', String(volume || 1));
    } catch {
      // The choice lasts as long as the page.
    }
    this.obey();
  }

  toggleMuted(): void {
    this.muted = !this.muted;
    if (!this.muted && this.volume === 0) this.volume = 1;
    this.silenced = false;
    this.obey();
  }

  /** Called from a touch or a key: now sound may come out. */
  hear(): void {
    this.silenced = false;
    this.muted = false;
    this.obey();
    for (const element of this.elements) void this.start(element);
  }

  private obey(): void {
    for (const element of this.elements) {
      element.volume = this.volume;
      element.muted = this.muted || this.silenced;
    }
  }

  private async start(element: HTMLMediaElement): Promise<void> {
    try {
      await element.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || element.muted) return;
      this.silenced = true;
      this.obey();
      element.play().catch(() => {
        // Not even a silent picture: the large button starts it.
      });
    }
  }
}
