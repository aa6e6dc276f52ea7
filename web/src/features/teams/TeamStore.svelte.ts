/** One team, live: its members, and what a lead does about them. */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Person, Publication, Snapshot, Team, TeamRole } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export class TeamStore {
  team = $state.raw<Team | null>(null);
  trouble = $state<ApiError | null>(null);
  /** Grows when somebody asks to come in, or comes or goes: who asked is read anew, by who may. */
  wished = $state(0);
  private followed: Followed | null = null;

  constructor(
    readonly id: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = follow<Snapshot<{ team: Team }>>(this.live, {
      channel: `team:${this.id}`,
      load: (signal) => this.api.get(`/api/teams/${this.id}`, { signal }),
      reset: ({ team }) => (this.team = team),
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (/^(wishes|membership)\.changed$/.test(name)) this.wished++;
    if (name === 'team.changed') {
      const fresh = data.team as Team;
      if (!this.team || fresh.version >= this.team.version) this.team = fresh;
    }
    if (data.board && this.team) {
      const board = data.board as Team['boards'][number];
      const at = this.team.boards.findIndex(({ id }) => id === board.id);
      this.team = { ...this.team, boards: at < 0 ? [...this.team.boards, board] : this.team.boards.with(at, board) };
    }
    if (name === 'membership.changed' && this.team) {
      const person = data.person as Person;
      const role = data.role as TeamRole | null;
      const others = this.team.members.filter((member) => member.person.id !== person.id);
      const at = this.team.members.findIndex((member) => member.person.id === person.id);
      if (role) others.splice(at < 0 ? others.length : at, 0, { person, role });
      this.team = { ...this.team, members: others };
    }
  }

  setRole(person: string, role: TeamRole): Promise<void> {
    return this.api.put(`/api/teams/${this.id}/members/${person}`, { role });
  }

  remove(person: string): Promise<void> {
    return this.api.delete(`/api/teams/${this.id}/members/${person}`);
  }

  async invite(): Promise<string> {
    const made = await this.api.post<{ url: string }>(`/api/conferences/${this.team!.conference_id}/invitations`, {
      role: 'attendee', team_id: this.id,
    });
    return made.url;
  }
}
