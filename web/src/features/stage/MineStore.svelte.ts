/** What differs from person to person on a session's page: rights, own votes and questions, the relay's key. */
import { account } from '~/app/me.svelte';
import { api as theApi, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Publication, Question, Role, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export type Permission =
  | 'audit.show' | 'hand.manage' | 'interaction.change' | 'line.say' | 'line.show' | 'chat.moderate' | 'message.moderate' | 'message.pin' | 'person.moderate' | 'poll.manage' | 'question.decide' | 'question.live' | 'session.change' | 'session.move' | 'recording.manage' | 'stage.backstage' | 'stage.direct' | 'stage.publish' | 'stream_key.manage' | 'team.call' | 'stage.cards';

export type Mine = Snapshot<{
  role: Role; may: string[]; speaker: boolean; votes: string[]; questions: Question[]; ice_servers: RTCIceServer[];
}>;

/** The relay's key lives 12 h; who stays longer must have one when their connection breaks. */
const KEY_MS = 3 * 3_600_000;

export class MineStore {
  known = $state(false);
  role = $state<Role | null>(null);
  speaker = $state(false);
  votes = $state.raw<ReadonlySet<string>>(new Set());
  questions = $state.raw<Question[]>([]);
  iceServers: RTCIceServer[] = [];
  private granted = $state.raw<ReadonlySet<string>>(new Set());
  private followed: Followed | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly session: string,
    private readonly person: string = account.me?.person.id ?? '',
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  may(permission: Permission): boolean {
    return this.granted.has(permission);
  }

  open(): void {
    this.followed = follow<Mine>(this.live, {
      channel: `person:${this.person}`,
      load: (signal) => this.load(signal),
      reset: (mine) => this.reset(mine),
      publication: (publication) => this.apply(publication),
    });
    this.timer = setInterval(() => this.refresh(), KEY_MS);
  }

  close(): void {
    this.followed?.close();
    clearInterval(this.timer);
  }

  /** Rights may have changed: ask again. */
  async refresh(): Promise<void> {
    try {
      this.reset(await this.load());
    } catch {
      // What is known stays; what is no longer allowed is refused by the server.
    }
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'question.asked' || name === 'question.decided' || name === 'question.changed') this.take(data.question as Question);
    if (name === 'vote.changed') this.setVote(String(data.question_id), Boolean(data.voted));
    if (name === 'role.changed' || name === 'stage.invited') void this.refresh();
  }

  take(question: Question): void {
    if (question.session_id !== this.session) return;
    const old = this.questions.find(({ id }) => id === question.id);
    if (old && old.version > question.version) return;
    this.questions = old ? this.questions.map((other) => (other.id === question.id ? question : other)) : [...this.questions, question];
  }

  setVote(question: string, voted: boolean): void {
    if (this.votes.has(question) === voted) return;
    const votes = new Set(this.votes);
    if (voted) votes.add(question);
    else votes.delete(question);
    this.votes = votes;
  }

  private load(signal?: AbortSignal): Promise<Mine> {
    return this.api.get(`/api/sessions/${this.session}/mine`, signal ? { signal } : {});
  }

  private reset(mine: Mine): void {
    this.role = mine.role;
    this.speaker = mine.speaker;
    this.votes = new Set(mine.votes);
    this.questions = mine.questions;
    this.iceServers = mine.ice_servers;
    this.granted = new Set(mine.may);
    this.known = true;
  }
}
