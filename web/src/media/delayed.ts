/**
 * A stage a few seconds behind, by HLS: for networks that let no live picture through, and for going back.
 * hls.js plays it wherever the browser has media source extensions; else the browser's own player does.
 * The library is fetched only when this is needed.
 */
import type HlsLight from 'hls.js/light';

export interface Delayed {
  close(): void;
}

/** How far behind the newest piece we play: two pieces of two seconds, and one for a slow moment. */
const BEHIND_S = 5;
const AGAIN_MS = 3_000;
/** The address of the pieces has changed: all who watch ask for the new one, and not all at once. */
const MOVED_MS = 400;
/** Told so again within this time it has not moved: it is gone, or not there yet. */
const MOVED_AGAIN_MS = 60_000;

type Library = () => Promise<{ default: typeof HlsLight }>;

/** Until it is closed, however often the library has to be asked for; `begun` once the player has the address. */
export function playDelayed(video: HTMLVideoElement, address: string, soundOnly: boolean, begun: () => void, library: Library = () => import('hls.js/light')): Delayed {
  const url = soundOnly ? `${address}?sound` : address;
  let played: Delayed | null = null;
  let over = false;
  let again: ReturnType<typeof setTimeout> | undefined;
  const load = (): void => {
    library().then(({ default: Hls }) => {
      if (over) return;
      played = Hls.isSupported() ? new Played(Hls, video, url) : playedByBrowser(video, url);
      begun();
    }, () => {
      if (!over) again = setTimeout(load, AGAIN_MS);
    });
  };
  load();
  return {
    close: () => {
      over = true;
      clearTimeout(again);
      played?.close();
    },
  };
}

class Played implements Delayed {
  private readonly hls: HlsLight;
  private again: ReturnType<typeof setTimeout> | undefined;
  private movedAt = -Infinity;

  constructor(Hls: typeof HlsLight, video: HTMLVideoElement, url: string) {
    this.hls = new Hls({ liveSyncDuration: BEHIND_S, backBufferLength: 60, enableWorker: false });
    this.hls.on(Hls.Events.ERROR, (_, { fatal, type, details, response }) => {
      if (!fatal) return;
      // Whatever went wrong, it is tried again for as long as somebody watches.
      if (type === Hls.ErrorTypes.MEDIA_ERROR) return this.hls.recoverMediaError();
      clearTimeout(this.again);
      const now = performance.now();
      const moved = response?.code === 404 && details !== Hls.ErrorDetails.MANIFEST_LOAD_ERROR && now - this.movedAt > MOVED_AGAIN_MS;
      if (moved) this.movedAt = now;
      this.again = setTimeout(() => {
        if (video.currentTime > 0) this.hls.config.startPosition = video.currentTime;
        this.hls.loadSource(url);
      }, moved ? Math.random() * MOVED_MS : AGAIN_MS);
    });
    this.hls.loadSource(url);
    this.hls.attachMedia(video);
  }

  close(): void {
    clearTimeout(this.again);
    this.hls.destroy();
  }
}

function playedByBrowser(video: HTMLVideoElement, url: string): Delayed {
  let again: ReturnType<typeof setTimeout> | undefined;
  const failed = (): void => {
    const at = video.currentTime;
    again = setTimeout(() => {
      video.src = url;
      video.addEventListener('loadedmetadata', () => (video.currentTime = at), { once: true });
      void video.play().catch(() => {});
    }, AGAIN_MS);
  };
  video.addEventListener('error', failed);
  video.src = url;
  return {
    close: () => {
      clearTimeout(again);
      video.removeEventListener('error', failed);
      video.removeAttribute('src');
    },
  };
}
