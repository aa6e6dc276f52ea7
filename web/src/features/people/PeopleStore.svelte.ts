/** A conference's people and invitations. Loaded afresh when the conference says that its people changed. */
import { language } from '~/i18n/t.svelte';
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Conference, Invitation, Member, Publication, Role, Session, Snapshot, Team } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export interface InvitationDraft { role: Role; session_id: string | null; team_id: string | null; uses: number | null; days: number }
export type InvitationState = 'open' | 'used_up' | 'over' | 'revoked';

/** In this order people stand in the list: who runs the conference is found at once. */
const RANKS: Role[] = ['organiser', 'moderator', 'speaker', 'attendee'];

export class PeopleStore {
  conference = $state.raw<Conference | null>(null);
  sessions = $state.raw<Session[]>([]);
  people = $state.raw<Member[] | null>(null);
  invitations = $state.raw<Invitation[] | null>(null);
  teams = $state.raw<Team[]>([]);
  role = $state<Role | null>(null);
  trouble = $state<ApiError | null>(null);
  private followed: Followed | null = null;

  constructor(
    readonly id: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  get manages(): boolean {
    return this.role === 'organiser';
  }

  open(): void {
    this.followed = follow<Snapshot<{ conference: Conference; sessions: Session[] }>>(this.live, {
      channel: `conference:${this.id}`,
      load: async (signal) => {
        const [rows] = await Promise.all([
          this.api.get<Snapshot<{ conference: Conference; sessions: Session[] }>>(`/api/conferences/${this.id}`, { signal }),
          this.loadMine(signal),
        ]);
        return rows;
      },
      reset: (rows) => {
        this.conference = rows.conference;
        this.sessions = rows.sessions;
      },
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
  }

  apply({ name }: Pick<Publication, 'name'>): void {
    if (name === 'people.changed') void this.loadPeople().catch(() => {});
  }

  /** By role, then by name. Names are found whatever the spelling of alef, hamza and marks. */
  found(words: string): Member[] {
    const wanted = fold(words);
    const { compare } = new Intl.Collator(language.tag);
    return (this.people ?? [])
      .filter(({ person }) => fold(person.name).includes(wanted))
      .sort((one, other) => RANKS.indexOf(one.role) - RANKS.indexOf(other.role) || compare(one.person.name, other.person.name));
  }

  async setRole(person: string, role: Role): Promise<void> {
    await this.api.put(`/api/conferences/${this.id}/people/${person}/role`, { role });
    await this.loadPeople();
  }

  async remove(person: string): Promise<void> {
    await this.api.delete(`/api/conferences/${this.id}/people/${person}`);
    await this.loadPeople();
  }

  signInLink(person: string): Promise<{ url: string; expires_at: string }> {
    return this.api.post(`/api/conferences/${this.id}/people/${person}/sign-in-link`);
  }

  async invite(draft: InvitationDraft): Promise<string> {
    const body = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== null));
    const made = await this.api.post<{ invitation: Invitation; url: string }>(`/api/conferences/${this.id}/invitations`, body);
    this.invitations = [made.invitation, ...(this.invitations ?? [])];
    return made.url;
  }

  async revoke(invitation: string): Promise<void> {
    await this.api.delete(`/api/invitations/${invitation}`);
    await this.loadInvitations();
  }

  private async loadMine(signal: AbortSignal): Promise<void> {
    const mine = await this.api.get<{ role: Role }>(`/api/conferences/${this.id}/mine`, { signal });
    this.role = mine.role;
    await Promise.all([this.loadPeople(), ...(this.manages ? [this.loadInvitations(), this.loadTeams()] : [])]);
  }

  private async loadPeople(): Promise<void> {
    this.people = (await this.api.get<{ people: Member[] }>(`/api/conferences/${this.id}/people`)).people;
  }

  private async loadInvitations(): Promise<void> {
    this.invitations = (await this.api.get<{ invitations: Invitation[] }>(`/api/conferences/${this.id}/invitations`)).invitations;
  }

  private async loadTeams(): Promise<void> {
    this.teams = (await this.api.get<{ teams: Team[] }>(`/api/conferences/${this.id}/teams`)).teams;
  }
}

export function stateOf(invitation: Invitation, now: Date): InvitationState {
  if (invitation.revoked_at) return 'revoked';
  if (invitation.uses_left !== null && invitation.uses_left <= 0) return 'used_up';
  return Date.parse(invitation.expires_at) <= now.getTime() ? 'over' : 'open';
}

/** One spelling for all: no marks or tatweel, one alef, yeh and teh marbuta. */
export function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u064b-\u065f\u0670\u0640]/g, '')
    .replace(/[أإآٱ]/g, 'ا')
    .replace(/[ىی]/g, 'ي')
    .replace(/ة/g, 'ه')
    .replace(/ؤ/g, 'و')
    .replace(/ئ/g, 'ي')
    .trim();
}
