/** One conference: its rows live, what is one's own, and what an organiser does to it. */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Conference, Hall, Person, Publication, Role, Session, SessionState, Snapshot, Speaker, Team, TeamLite, Track } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { withSession, withShifts } from './programme';

export interface ChecklistItem { name: 'session' | 'hall' | 'speaker' | 'profile' | 'public' | 'guests' | 'team' | 'stage_tried'; done: boolean }
export type SessionDraft = Pick<Session, 'title' | 'description' | 'hall' | 'track' | 'kind' | 'translations' | 'language' | 'record' | 'starts_at' | 'ends_at'>;
export type ConferenceDraft = Pick<Conference, 'title' | 'description' | 'locale' | 'zone' | 'starts_on' | 'ends_on' | 'public' | 'slug'>;

interface Rows { conference: Conference; sessions: Session[]; halls: Hall[]; tracks: Track[]; speakers: Speaker[] }

function ranked<Row extends Hall | Track>(rows: readonly Row[], fresh: Row): Row[] {
  return [...rows.filter(({ id }) => id !== fresh.id), fresh].sort((one, other) => one.rank - other.rank || one.name.localeCompare(other.name));
}

export class ConferenceStore {
  conference = $state<Conference | null>(null);
  sessions = $state.raw<Session[]>([]);
  halls = $state.raw<Hall[]>([]);
  tracks = $state.raw<Track[]>([]);
  speakers = $state.raw<Speaker[]>([]);
  saved = $state.raw<ReadonlySet<string>>(new Set());
  role = $state<Role | null>(null);
  teams = $state.raw<TeamLite[]>([]);
  /** Who may is the organisers' to decide. */
  makesTeams = $state(false);
  checklist = $state.raw<ChecklistItem[] | null>(null);
  trouble = $state<ApiError | null>(null);
  private followed: Followed | null = null;
  private own: Followed | null = null;
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

  /** Somebody's own other devices save and unsave too. */
  followSaved(person: string): void {
    this.own = follow<{ position?: never }>(this.live, {
      channel: `person:${person}`,
      headFirst: true,
      load: async () => ({}),
      reset: () => void this.loadMine(),
      publication: ({ name, data }) => {
        if (name !== 'bookmark.changed' || data.conference_id !== this.id) return;
        const id = data.session_id as string;
        this.saved = new Set(data.saved ? [...this.saved, id] : [...this.saved].filter((other) => other !== id));
      },
    });
  }

  open(): void {
    this.followed = follow<Snapshot<Rows>>(this.live, {
      channel: `conference:${this.id}`,
      load: (signal) => this.api.get(`/api/conferences/${this.id}`, { signal }),
      reset: (rows) => {
        this.conference = rows.conference;
        this.sessions = rows.sessions;
        this.halls = rows.halls;
        this.tracks = rows.tracks;
        this.speakers = rows.speakers;
      },
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.closed = true;
    this.followed?.close();
    this.own?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'conference.changed') {
      const fresh = data.conference as Conference;
      if (!this.conference || fresh.version >= this.conference.version) this.conference = fresh;
    }
    if (name === 'session.created' || name === 'session.changed') this.take(data.session as Session);
    if (name === 'programme.changed') for (const session of data.sessions as Session[]) this.take(session);
    if (name === 'session.shifted') this.sessions = withShifts(this.sessions, data.shifts as Parameters<typeof withShifts>[1]);
    if (name === 'session.removed') this.sessions = this.sessions.filter(({ id }) => id !== data.session_id);
    if (name === 'hall.changed') this.halls = ranked(this.halls, data.hall as Hall);
    if (name === 'hall.removed') this.halls = this.halls.filter(({ id }) => id !== data.hall_id);
    if (name === 'track.changed') this.tracks = ranked(this.tracks, data.track as Track);
    if (name === 'track.removed') this.tracks = this.tracks.filter(({ id }) => id !== data.track_id);
    if (name === 'speaker.changed') this.speakers = [...this.others((data.speaker as Speaker).person.id), data.speaker as Speaker];
    if (name === 'speaker.removed') this.speakers = this.others(data.person_id as string);
    if (name === 'person.renamed') this.rename(data.person as Person);
    if (name === 'team.created') void this.loadMine();
    if (this.manages) void this.loadChecklist();
  }

  private rename(fresh: Person): void {
    const named = (person: Person): Person => (person.id === fresh.id ? fresh : person);
    this.sessions = this.sessions.map((session) => ({ ...session, speakers: session.speakers.map(named) }));
    this.speakers = this.speakers.map((speaker) => ({ ...speaker, person: named(speaker.person) }));
  }

  async createSession(draft: SessionDraft): Promise<Session> {
    const made = await this.api.post<Session>(`/api/conferences/${this.id}/sessions`, draft);
    this.take(made);
    return made;
  }

  async changeSession(id: string, change: Partial<SessionDraft>): Promise<void> {
    this.take(await this.api.patch<Session>(`/api/sessions/${id}`, change));
  }

  async moveSession(id: string, state: SessionState): Promise<void> {
    this.take(await this.api.post<Session>(`/api/sessions/${id}/state`, { state }));
  }

  /** Saves or unsaves for oneself. Shown at once; a refusal takes it back. */
  async save(id: string, saved: boolean): Promise<void> {
    const before = this.saved;
    this.saved = new Set(saved ? [...before, id] : [...before].filter((other) => other !== id));
    try {
      await (saved ? this.api.put(`/api/sessions/${id}/bookmark`) : this.api.delete(`/api/sessions/${id}/bookmark`));
    } catch (error) {
      this.saved = before;
      throw error;
    }
  }

  async cancelSession(id: string, note: string): Promise<void> {
    this.take(await this.api.post<Session>(`/api/sessions/${id}/cancel`, { note }));
  }

  async reviveSession(id: string): Promise<void> {
    this.take(await this.api.delete<Session>(`/api/sessions/${id}/cancel`));
  }

  async removeSession(id: string): Promise<void> {
    await this.api.delete(`/api/sessions/${id}`);
    this.sessions = this.sessions.filter((session) => session.id !== id);
  }

  async restoreSession(id: string): Promise<void> {
    this.take(await this.api.post<Session>(`/api/sessions/${id}/restore`));
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
      const mine = await this.api.get<{ role: Role | null; may: string[]; teams: TeamLite[]; saved: string[] }>(`/api/conferences/${this.id}/mine`);
      if (this.closed) return;
      this.role = mine.role;
      this.teams = mine.teams;
      this.makesTeams = mine.may.includes('team.create');
      this.saved = new Set(mine.saved);
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

  private others(person: string): Speaker[] {
    return this.speakers.filter((speaker) => speaker.person.id !== person);
  }

  private take(session: Session): void {
    this.sessions = withSession(this.sessions, session);
  }
}
