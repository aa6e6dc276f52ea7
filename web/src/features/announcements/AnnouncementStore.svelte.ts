/** A conference's announcements live, and which of them this person has put away. */
import { account } from '~/app/me.svelte';
import { api as theApi, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Announcement, Position, Publication, Role } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

interface Rows { position: Position; announcements: Announcement[] }
interface Mine { position?: never; read: string[]; announcements: Announcement[] }

export class AnnouncementStore {
  all = $state.raw<Announcement[]>([]);
  crew = $state.raw<Announcement[]>([]);
  read = $state.raw<ReadonlySet<string>>(new Set());
  loaded = $state(false);
  private followed: Followed[] = [];

  constructor(
    readonly conference: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    const path = `/api/conferences/${this.conference}/announcements`;
    const person = account.me?.person.id;
    if (!person) return;
    this.followed = [
      follow<Rows>(this.live, {
        channel: `conference:${this.conference}`,
        load: (signal) => this.api.get<Rows>(path, { signal }),
        reset: (rows) => {
          this.all = rows.announcements;
          this.loaded = true;
        },
        publication: (publication) => (this.all = applied(this.all, publication)),
      }),
      follow<Mine>(this.live, {
        channel: `person:${person}`,
        headFirst: true,
        load: async (signal) => {
          const { read, announcements } = await this.api.get<Mine>(`${path}/mine`, { signal });
          return { read, announcements };
        },
        reset: (mine) => {
          this.read = new Set(mine.read);
          this.crew = mine.announcements;
        },
        publication: (publication) => this.heard(publication),
      }),
    ];
  }

  close(): void {
    for (const one of this.followed) one.close();
    this.followed = [];
  }

  heard(publication: Publication): void {
    if (publication.name === 'announcement.read') this.read = new Set([...this.read, String(publication.data.announcement_id)]);
    else if ((publication.data.announcement as Announcement | undefined)?.conference_id !== this.conference && publication.name === 'announcement.made') return;
    else this.crew = applied(this.crew, publication);
  }

  /** Everything there is, the newest first. */
  get list(): Announcement[] {
    return [...this.all, ...this.crew].sort((one, other) => other.at.localeCompare(one.at));
  }

  /** What is to be shown to somebody of a role, on a session's page or another one, at a moment. */
  shown(role: Role | null, session: string | null, now: Date): Announcement[] {
    return this.list.filter(
      (one) =>
        !this.read.has(one.id) &&
        (one.ends_at === null || Date.parse(one.ends_at) > now.getTime()) &&
        (one.session_id === null || one.session_id === session) &&
        (one.role === null || one.role === role),
    );
  }

  /** Put away: here at once, on the other devices by the server. */
  putAway(id: string): void {
    this.read = new Set([...this.read, id]);
    this.api.put(`/api/announcements/${id}/read`).catch(() => {}); // it comes back with the next page
  }

  withdraw(id: string): Promise<void> {
    return this.api.delete(`/api/announcements/${id}`);
  }
}

export function applied(rows: Announcement[], { name, data }: Pick<Publication, 'name' | 'data'>): Announcement[] {
  if (name === 'announcement.withdrawn') return rows.filter((row) => row.id !== data.announcement_id);
  if (name !== 'announcement.made') return rows;
  const made = data.announcement as Announcement;
  if (made.withdrawn) return rows;
  return [made, ...rows.filter((row) => row.id !== made.id)];
}
