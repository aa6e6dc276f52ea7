/** Sends a file and tells how much has gone: `fetch` cannot, so this is the browser's older way. */
import { language, t } from '~/i18n/t.svelte';
import { ApiError } from '~/net/api';

export function send<T>(path: string, content: Blob, progress: (share: number) => void = () => {}, key?: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.responseType = 'json';
    request.setRequestHeader('Accept-Language', language.locale);
    if (key) request.setRequestHeader('Idempotency-Key', key);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new ApiError(0, 'network.unreachable', t('core.error.network')));
    request.onload = () => {
      const answer = request.response as { code?: string; detail?: string } | null;
      if (request.status < 300) resolve(answer as T);
      else reject(new ApiError(request.status, answer?.code ?? `http.${request.status}`, answer?.detail ?? t('core.error.unknown')));
    };
    request.send(content);
  });
}
