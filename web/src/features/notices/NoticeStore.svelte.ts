/** One's own notifications, live on the person's channel. One for the whole page: the bell counts, the list shows. */
import { account } from '~/app/me.svelte';
import { api as theApi, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Notice, Position, Publication } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

interface Rows { position: Position; unread: number; notifications: Notice[] }

export class NoticeStore {
  list = $state.raw<Notice[] | null>(null);
  unread = $state(0);
  private followed: Followed | null = null;

  constructor(
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = follow<Rows>(this.live, {
      channel: `person:${account.me!.person.id}`,
      load: (signal) => this.api.get<Rows>('/api/me/notifications', { signal }),
      reset: (rows) => {
        this.list = rows.notifications;
        this.unread = rows.unread;
      },
      publication: (publication) => this.apply(publication),
    });
  }

  close(): void {
    this.followed?.close();
    this.list = null;
    this.unread = 0;
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'notification.told') {
      const told = data.notification as Notice;
      if (this.list?.some(({ id }) => id === told.id)) return;
      this.list = [told, ...(this.list ?? [])];
      this.unread++;
    } else if (name === 'notification.changed') {
      const now = data.notification as Notice;
      this.list = (this.list ?? []).map((one) => (one.id === now.id ? now : one));
    } else if (name === 'notification.read') this.mark(data.ids as string[] | null);
  }

  /** Read: here at once, on the other devices by the server. Without ids, all. */
  see(ids: string[] | null): void {
    const fresh = (this.list ?? []).some((one) => !one.read && (ids === null || ids.includes(one.id)));
    if (!fresh && ids !== null) return;
    this.mark(ids);
    this.api.post('/api/me/notifications/read', ids ? { ids } : {}).catch(() => {}); // they stay unread there
  }

  private mark(ids: string[] | null): void {
    const now = (this.list ?? []).filter((one) => !one.read && (ids === null || ids.includes(one.id))).length;
    this.unread = ids === null ? 0 : Math.max(0, this.unread - now);
    this.list = (this.list ?? []).map((one) => (ids === null || ids.includes(one.id) ? { ...one, read: true } : one));
  }
}

export const notices = new NoticeStore();
