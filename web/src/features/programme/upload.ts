/** Sends a file and tells how much has gone: `fetch` cannot, so this is the browser's older way. */
import { language, t } from '~/i18n/t.svelte';
import { ApiError } from '~/net/api';

/** A line on which nothing moves for so long is a lost one. */
const STILL_MS = 60_000;
/** When all has gone the server may have work with it. */
const ANSWER_MS = 180_000;

export function send<T>(path: string, content: Blob, progress: (share: number) => void = () => {}, key?: string, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let limit: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => request.abort();
    const within = (ms: number): void => {
      clearTimeout(limit);
      limit = setTimeout(stop, ms);
    };
    request.open('POST', path);
    request.responseType = 'json';
    request.setRequestHeader('Accept-Language', language.locale);
    if (key) request.setRequestHeader('Idempotency-Key', key);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => {
      within(STILL_MS);
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.upload.onload = () => within(ANSWER_MS);
    request.onerror = request.onabort = () => reject(new ApiError(0, 'network.unreachable', t('core.error.network')));
    request.onload = () => {
      const answer = request.response as { code?: string; detail?: string } | null;
      if (request.status < 300) resolve(answer as T);
      else reject(new ApiError(request.status, answer?.code ?? `http.${request.status}`, answer?.detail ?? t('core.error.unknown')));
    };
    request.onloadend = () => {
      clearTimeout(limit);
      signal?.removeEventListener('abort', stop);
    };
    signal?.addEventListener('abort', stop);
    within(STILL_MS);
    request.send(content);
  });
}
