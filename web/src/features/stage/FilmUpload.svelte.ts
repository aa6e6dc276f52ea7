/**
 * Brings a film in parts, so that a line that breaks costs one part at most: what has come is asked of the
 * server, and the rest follows. Another day it goes on from there too, when the same file is chosen again.
 */
import { api as theApi, ApiError, type Api } from '~/net/api';
import type { Film } from '~/net/shapes';
import { send as theSend } from '../programme/upload';

export const PART_BYTES = 4 * 1024 * 1024;
export const MOST_BYTES = 2 * 1024 ** 3;
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

export interface UploadParts {
  api: Pick<Api, 'get' | 'post' | 'delete'>;
  send: typeof theSend;
  wait: (ms: number) => Promise<void>;
}

export class FilmUpload {
  /** Share of the film that has gone; null while nothing is being sent. */
  share = $state<number | null>(null);
  /** The line broke, and it is tried again by itself. */
  waiting = $state(false);
  film = $state.raw<Film | null>(null);
  private stopped = false;
  private readonly parts: UploadParts;

  constructor(
    private readonly session: string,
    parts: Partial<UploadParts> = {},
  ) {
    this.parts = { api: theApi, send: theSend, wait: (ms) => new Promise((done) => setTimeout(done, ms)), ...parts };
  }

  async begin(file: File, speaks: boolean): Promise<void> {
    const name = file.name.replace(/\.[^.]*$/, '').trim().slice(0, 200) || file.name.slice(0, 200);
    await this.bring(await this.parts.api.post<Film>(`/api/sessions/${this.session}/films`, { name, bytes: file.size, speaks }), file);
  }

  /** Goes on with a film that was begun; the file must be the one it was begun with, as far as its size tells. */
  async resume(film: Film, file: File): Promise<boolean> {
    if (file.size !== film.announced) return false;
    await this.bring(await this.parts.api.get<Film>(`/api/films/${film.id}`), file);
    return true;
  }

  stop(): void {
    this.stopped = true;
  }

  private async bring(film: Film, file: File): Promise<void> {
    this.stopped = false;
    this.film = film;
    let failures = 0;
    try {
      while (film.state === 'uploading' && !this.stopped) {
        this.share = film.received / film.announced;
        try {
          film = await this.part(film, file);
          failures = 0;
          this.waiting = false;
        } catch (error) {
          const wait = WAITS_MS[failures++];
          if (wait === undefined || !passing(error)) throw error;
          this.waiting = true;
          await this.parts.wait(wait);
          film = await this.parts.api.get<Film>(`/api/films/${film.id}`).catch(() => film);
        }
      }
    } finally {
      this.share = null;
      this.waiting = false;
      this.film = null;
    }
  }

  private part(film: Film, file: File): Promise<Film> {
    const start = film.received;
    const part = file.slice(start, start + PART_BYTES);
    return this.parts.send<Film>(`/api/films/${film.id}/parts/${start}`, part, (share) => (this.share = (start + share * part.size) / film.announced));
  }
}

/** What passes by itself: the line, the server that starts anew, a part that came twice. */
function passing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500 || error.code === 'film.out_of_order');
}
