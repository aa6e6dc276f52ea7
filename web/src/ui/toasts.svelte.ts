/** Short words that something happened, with a way back where there is one. */
import { t } from '~/i18n/t.svelte';
import { sentence } from '~/net/api';

export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'fault';
  action: { label: string; run: () => void } | null;
}

const SHOWN_MS = 5_000;
const FAULT_SHOWN_MS = 9_000;
const MOST = 3;

class Toasts {
  list = $state<Toast[]>([]);
  private next = 1;

  /** Its number, to take it away before its time. */
  say(text: string, action: Toast['action'] = null): number {
    return this.add({ text, kind: 'done', action }, action ? FAULT_SHOWN_MS : SHOWN_MS);
  }

  /** For anything thrown by a command. */
  fault(error: unknown): void {
    this.add({ text: sentence(error), kind: 'fault', action: null }, FAULT_SHOWN_MS);
  }

  /** For a part of the page that was pressed for and did not come. */
  unreached(): void {
    this.add({ text: t('core.error.network'), kind: 'fault', action: null }, FAULT_SHOWN_MS);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  private add(toast: Omit<Toast, 'id'>, shownMs: number): number {
    const id = this.next++;
    this.list = [...this.list.filter((other) => other.text !== toast.text), { ...toast, id }].slice(-MOST);
    setTimeout(() => this.drop(id), shownMs);
    return id;
  }
}

export const toasts = new Toasts();
