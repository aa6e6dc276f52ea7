/** The signed-in home: one's conferences, and what is live in them now. */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Conference, MyConference, Session, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { liveNow, withSession } from '../conference/programme';

/** More conferences than this are listed without being followed. */
const FOLLOWED = 4;

export class HomeStore {
  conferences = $state.raw<MyConference[] | null>(null);
  /** Dates and descriptions, for those followed. */
  details = $state<Record<string, Conference>>({});
  trouble = $state<ApiError | null>(null);
  private sessions = $state<Record<string, Session[]>>({});
  private followed: Followed[] = [];
  private closed = false;

  constructor(
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  get onAir(): { conference: MyConference; session: Session }[] {
    return (this.conferences ?? []).flatMap((conference) =>
      liveNow(this.sessions[conference.id] ?? []).map((session) => ({ conference, session })),
    );
  }

  async open(): Promise<void> {
    try {
      this.conferences = (await this.api.get<{ conferences: MyConference[] }>('/api/conferences')).conferences;
      this.trouble = null;
    } catch (error) {
      this.trouble = error as ApiError;
      return;
    }
    if (!this.closed) for (const { id } of this.conferences.slice(0, FOLLOWED)) this.followed.push(this.watch(id));
  }

  close(): void {
    this.closed = true;
    for (const followed of this.followed) followed.close();
  }

  private watch(id: string): Followed {
    return follow<Snapshot<{ conference: Conference; sessions: Session[] }>>(this.live, {
      channel: `conference:${id}`,
      load: (signal) => this.api.get(`/api/conferences/${id}`, { signal }),
      reset: (rows) => {
        this.details[id] = rows.conference;
        this.sessions[id] = rows.sessions;
      },
      publication: ({ name, data }) => {
        if (name === 'conference.changed') this.details[id] = data.conference as Conference;
        if (name !== 'session.created' && name !== 'session.changed') return;
        this.sessions[id] = withSession(this.sessions[id] ?? [], data.session as Session);
      },
    });
  }
}
