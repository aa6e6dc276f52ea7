import { describe, expect, it } from 'vitest';
import { ApiError } from '~/net/api';
import type { Film } from '~/net/shapes';
import { FilmUpload, PART_BYTES, type UploadParts } from './FilmUpload.svelte';

const SIZE = PART_BYTES * 2 + 10;

/** A server that takes parts in order, and fails when told to. */
function server(faults: (ApiError | null)[] = []): Partial<UploadParts> & { film: Film; paths: string[] } {
  const film = { id: 'f', state: 'uploading', announced: SIZE, received: 0 } as Film;
  const paths: string[] = [];
  return {
    film, paths,
    wait: () => Promise.resolve(),
    api: {
      post: () => Promise.resolve({ ...film } as never), get: () => Promise.resolve({ ...film } as never), delete: () => Promise.resolve() as never,
    },
    send: (path, content) => {
      paths.push(path);
      const fault = faults.shift();
      if (fault) return Promise.reject(fault);
      film.received += content.size;
      if (film.received === film.announced) film.state = 'waiting';
      return Promise.resolve({ ...film } as never);
    },
  };
}
const file = (size = SIZE): File => new File([new Uint8Array(size)], 'كلمة الافتتاح.mov');

describe('FilmUpload', () => {
  it('brings a film in parts', async () => {
    const parts = server();
    const upload = new FilmUpload('s', parts);
    await upload.begin(file(), false);
    expect([parts.paths.map((path) => Number(path.split('/').at(-1))), parts.film.state, upload.share]).toEqual([[0, PART_BYTES, PART_BYTES * 2], 'waiting', null]);
  });

  it('goes on by itself after the line broke', async () => {
    const parts = server([null, new ApiError(0, 'network.unreachable', ''), new ApiError(503, 'away', '')]);
    await new FilmUpload('s', parts).begin(file(), false);
    expect([parts.film.state, parts.paths.length]).toEqual(['waiting', 5]);
  });

  it('tells what will not pass', async () => {
    const parts = server([new ApiError(404, 'not_found', 'gone')]);
    await expect(new FilmUpload('s', parts).begin(file(), false)).rejects.toThrow('gone');
  });

  it('goes on another day with the same file, and with no other', async () => {
    const parts = server();
    parts.film.received = PART_BYTES;
    const upload = new FilmUpload('s', parts);
    expect(await upload.resume(parts.film, file(7))).toBe(false);
    expect(await upload.resume(parts.film, file())).toBe(true);
    expect([parts.paths.length, parts.film.state]).toEqual([2, 'waiting']);
  });
});
