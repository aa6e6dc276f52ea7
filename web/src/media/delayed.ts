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

export async function playDelayed(video: HTMLVideoElement, address: string, soundOnly: boolean): Promise<Delayed> {
  const url = soundOnly ? address.replace(/[^/]+$/, 'sound.m3u8') : address;
  const { default: Hls } = await import('hls.js/light');
  if (Hls.isSupported()) return new Played(Hls, video, url);
  video.src = url;
  return { close: () => video.removeAttribute('src') };
}

class Played implements Delayed {
  private readonly hls: HlsLight;
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(Hls: typeof HlsLight, video: HTMLVideoElement, url: string) {
    this.hls = new Hls({ liveSyncDuration: BEHIND_S, backBufferLength: 60, enableWorker: false });
    this.hls.on(Hls.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return;
      // Whatever went wrong, it is tried again for as long as somebody watches.
      if (type === Hls.ErrorTypes.MEDIA_ERROR) this.hls.recoverMediaError();
      else this.again = setTimeout(() => this.hls.loadSource(url), AGAIN_MS);
    });
    this.hls.loadSource(url);
    this.hls.attachMedia(video);
  }

  close(): void {
    clearTimeout(this.again);
    this.hls.destroy();
  }
}
