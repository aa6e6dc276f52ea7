/**
 * The moderators' desk. The queue stands still while it is read: who comes is a count until asked for, and
 * what another moderator decides stays at its place, marked, until the queue is tidied.
 */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Publication, Question, Session, Snapshot, Stage } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { byVotes } from './order';

export type Decision = 'approve' | 'dismiss' | 'answer';
export type State = Question['state'];
export type Undo = () => Promise<void>;

const BECOMES: Record<Decision, State> = { approve: 'approved', dismiss: 'dismissed', answer: 'answered' };
/** What brings a question back to where it was. The server knows no way back to waiting: this desk does. */
const RETURNS: Record<State, Decision> = { waiting: 'dismiss', dismissed: 'dismiss', approved: 'approve', answering: 'approve', answered: 'answer' };
/** A new question is put aside for good only after one could have changed one's mind: its asker is told. */
const MIND_CHANGE_MS = 6_000;

export class DeskStore {
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  selected = $state<string | null>(null);
  /** A decision was refused after its pause. */
  onFault: (error: unknown) => void = () => {};
  private questions = $state.raw<ReadonlyMap<string, Question>>(new Map());
  /** The queue as it stands, in the order it was opened. */
  private standing = $state.raw<readonly string[]>([]);
  /** Decided here, until the log says the same. */
  private ahead = $state.raw<ReadonlyMap<string, State>>(new Map());
  /** Taken back here: to this desk they wait again, whatever the server calls them. */
  private returned = $state.raw<ReadonlySet<string>>(new Set());
  private held = new Map<string, ReturnType<typeof setTimeout>>();
  private followed: Followed[] = [];

  readonly queue: Question[] = $derived(this.standing.flatMap((id) => this.questions.get(id) ?? []));
  readonly newcomers: Question[] = $derived(
    [...this.questions.values()].filter((question) => this.stateOf(question) === 'waiting' && !this.standing.includes(question.id)),
  );

  constructor(
    readonly session: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = [
      follow<Snapshot<{ questions: Question[] }>>(this.live, {
        channel: `session:${this.session}:moderation`,
        load: (signal) => this.api.get(`/api/sessions/${this.session}/questions/queue`, { signal }),
        reset: (rows) => this.reset(rows.questions),
        publication: (publication) => this.apply(publication),
        trouble: (error) => (this.trouble = error),
      }),
      // Sums are told to everybody, not to moderators alone.
      follow<Snapshot<{ session: Session; stage: Stage }>>(this.live, {
        channel: `session:${this.session}`,
        load: (signal) => this.api.get(`/api/sessions/${this.session}`, { signal }),
        reset: () => {},
        publication: (publication) => publication.name === 'tally.changed' && this.apply(publication),
      }),
    ];
    addEventListener('pagehide', this.flush);
  }

  close(): void {
    removeEventListener('pagehide', this.flush);
    this.flush();
    for (const followed of this.followed) followed.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'tally.changed') {
      const old = this.questions.get(String(data.subject_id));
      if (old) this.put({ ...old, votes: Number(data.votes) });
    } else if (data.question) this.take(data.question as Question);
  }

  /** As this desk sees it: with what was decided here and is not yet told. */
  stateOf(question: Question): State {
    return this.returned.has(question.id) ? 'waiting' : (this.ahead.get(question.id) ?? question.state);
  }

  /** Everything that is not in the queue, newest first; the public list by votes. */
  shelf(state: Exclude<State, 'waiting'>): Question[] {
    const found = [...this.questions.values()].filter((question) => this.stateOf(question) === state);
    return found.sort(state === 'approved' ? byVotes : (one, other) => (one.at < other.at ? 1 : -1));
  }

  /** Lets the newcomers in and clears away what others decided. */
  tidy(): void {
    const first = this.newcomers[0]?.id;
    const stays = this.queue.filter((question) => this.stateOf(question) === 'waiting').map(({ id }) => id);
    this.standing = [...stays, ...this.newcomers.map(({ id }) => id)];
    if (!this.selected || !this.standing.includes(this.selected)) this.selected = first ?? this.standing[0] ?? null;
  }

  select(by: 1 | -1): void {
    const at = this.standing.indexOf(this.selected ?? '');
    this.selected = this.standing[at < 0 ? 0 : Math.min(this.standing.length - 1, Math.max(0, at + by))] ?? null;
  }

  /** Decides, and gives the way back. */
  async decide(question: Question, decision: Decision): Promise<Undo> {
    const from = this.stateOf(question);
    const place = this.standing.indexOf(question.id);
    this.release(question.id);
    this.leaveQueue(question.id);
    if (from === 'waiting' && decision === 'dismiss' && question.state === 'waiting') {
      this.advance(question.id, 'dismissed');
      this.hold(question);
      return () => this.undo(question, from, place);
    }
    await this.send(question, decision, () => from === 'waiting' && this.enterQueue(question.id, place));
    return () => this.undo(question, from, place);
  }

  private async undo(question: Question, from: State, place: number): Promise<void> {
    if (from === 'waiting') this.enterQueue(question.id, place);
    if (this.held.has(question.id)) {
      this.release(question.id);
      this.advance(question.id, null);
      return;
    }
    if (from === 'waiting') this.setReturned(question.id, true);
    await this.send(question, RETURNS[from], () => {});
  }

  private hold(question: Question): void {
    const timer = setTimeout(() => {
      this.held.delete(question.id);
      this.send(question, 'dismiss', () => {}).catch((error: unknown) => this.onFault(error));
    }, MIND_CHANGE_MS);
    this.held.set(question.id, timer);
  }

  private release(id: string): void {
    clearTimeout(this.held.get(id));
    this.held.delete(id);
  }

  /** The page goes away: what waits is sent now. */
  private readonly flush = (): void => {
    for (const id of [...this.held.keys()]) {
      this.release(id);
      this.api.post(`/api/questions/${id}/dismiss`).catch(() => {});
    }
  };

  private async send(question: Question, decision: Decision, refused: () => void): Promise<void> {
    this.advance(question.id, BECOMES[decision]);
    if (decision !== 'dismiss') this.setReturned(question.id, false);
    try {
      this.take(await this.api.post<Question>(`/api/questions/${question.id}/${decision}`, decision === 'answer' ? {} : undefined));
    } catch (error) {
      refused();
      throw error;
    } finally {
      this.advance(question.id, null);
    }
  }

  /** The next one is at hand when this one makes room. */
  private leaveQueue(id: string): void {
    const at = this.standing.indexOf(id);
    if (at < 0) return;
    if (this.selected === id) this.selected = this.standing[at + 1] ?? this.standing[at - 1] ?? null;
    this.standing = this.standing.filter((other) => other !== id);
    this.setReturned(id, false);
  }

  private enterQueue(id: string, place: number): void {
    if (!this.standing.includes(id)) this.standing = this.standing.toSpliced(place < 0 ? this.standing.length : place, 0, id);
    this.selected = id;
  }

  private reset(questions: Question[]): void {
    this.questions = new Map(questions.map((question) => [question.id, question]));
    if (!this.loaded) this.tidy();
    this.loaded = true;
  }

  private take(question: Question): void {
    const old = this.questions.get(question.id);
    if (old && old.version > question.version) return;
    this.put(question);
    // Another moderator put it on the list after all.
    if (question.state === 'approved' || question.state === 'answered') this.setReturned(question.id, false);
  }

  private put(question: Question): void {
    this.questions = new Map(this.questions).set(question.id, question);
  }

  private setReturned(id: string, on: boolean): void {
    if (this.returned.has(id) === on) return;
    const returned = new Set(this.returned);
    if (on) returned.add(id);
    else returned.delete(id);
    this.returned = returned;
  }

  private advance(id: string, state: State | null): void {
    if (state === null && !this.ahead.has(id)) return;
    const ahead = new Map(this.ahead);
    if (state === null) ahead.delete(id);
    else ahead.set(id, state);
    this.ahead = ahead;
  }
}
