/** One conference: its rows live, what is one's own, and what an organiser does to it. */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Conference, Person, Publication, Role, Session, SessionState, Snapshot, Team, TeamLite } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { withSession } from './programme';

export interface ChecklistItem { name: 'session' | 'speaker' | 'guests' | 'team' | 'stage_tried'; done: boolean }
export type SessionDraft = Pick<Session, 'title' | 'description' | 'hall' | 'language' | 'starts_at' | 'ends_at'>;
export type ConferenceDraft = Pick<Conference, 'title' | 'description' | 'locale' | 'zone' | 'starts_on' | 'ends_on'>;

export class ConferenceStore {
  conference = $state<Conference | null>(null);
  sessions = $state.raw<Session[]>([]);
  role = $state<Role | null>(null);
  teams = $state.raw<TeamLite[]>([]);
  checklist = $state.raw<ChecklistItem[] | null>(null);
  trouble = $state<ApiError | null>(null);
  private followed: Followed | null = null;
  private closed = false;

  constructor(
    readonly id: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  get manages(): boolean {
    return this.role === 'organiser';
  }
  get runs(): boolean {
    return this.role === 'organiser' || this.role === 'moderator';
  }

  open(): void {
    this.followed = follow<Snapshot<{ conference: Conference; sessions: Session[] }>>(this.live, {
      channel: `conference:${this.id}`,
      load: (signal) => this.api.get(`/api/conferences/${this.id}`, { signal }),
      reset: (rows) => {
        this.conference = rows.conference;
        this.sessions = rows.sessions;
      },
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.closed = true;
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'conference.changed') {
      const fresh = data.conference as Conference;
      if (!this.conference || fresh.version >= this.conference.version) this.conference = fresh;
    }
    if (name === 'session.created' || name === 'session.changed') this.take(data.session as Session);
    if (name === 'team.created') void this.loadMine();
    if (this.manages) void this.loadChecklist();
  }

  async createSession(draft: SessionDraft): Promise<Session> {
    const made = await this.api.post<Session>(`/api/conferences/${this.id}/sessions`, draft);
    this.take(made);
    return made;
  }

  async changeSession(id: string, draft: SessionDraft): Promise<void> {
    this.take(await this.api.patch<Session>(`/api/sessions/${id}`, draft));
  }

  async moveSession(id: string, state: SessionState): Promise<void> {
    this.take(await this.api.post<Session>(`/api/sessions/${id}/state`, { state }));
  }

  addSpeaker(session: string, person: Person): Promise<void> {
    return this.api.put(`/api/sessions/${session}/speakers/${person.id}`);
  }

  removeSpeaker(session: string, person: Person): Promise<void> {
    return this.api.delete(`/api/sessions/${session}/speakers/${person.id}`);
  }

  async change(draft: Partial<ConferenceDraft>): Promise<void> {
    this.conference = await this.api.patch<Conference>(`/api/conferences/${this.id}`, draft);
  }

  async createTeam(title: string): Promise<Team> {
    const team = await this.api.post<Team>(`/api/conferences/${this.id}/teams`, { title });
    await this.loadMine();
    return team;
  }

  /** What differs per person: the page asks at the start, and again when one's role or teams change. */
  async loadMine(): Promise<void> {
    try {
      const mine = await this.api.get<{ role: Role | null; teams: TeamLite[] }>(`/api/conferences/${this.id}/mine`);
      if (this.closed) return;
      this.role = mine.role;
      this.teams = mine.teams;
      if (this.manages) await this.loadChecklist();
    } catch {
      // The snapshot beside it tells what is wrong.
    }
  }

  async loadChecklist(): Promise<void> {
    try {
      this.checklist = (await this.api.get<{ items: ChecklistItem[] }>(`/api/conferences/${this.id}/checklist`)).items;
    } catch {
      // A list that could not be brought up to date stays as it was.
    }
  }

  private take(session: Session): void {
    this.sessions = withSession(this.sessions, session);
  }
}
