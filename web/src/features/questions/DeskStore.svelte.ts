/**
 * The moderators' desk. The queue stands still while it is read: who comes is a count until asked for, and
 * what another moderator decides stays at its place, marked, until the queue is tidied.
 */
import { account } from '~/app/me.svelte';
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Person, Publication, Question, Session, Snapshot, Stage } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { Claims } from '../desk/Claims.svelte';
import { byVotes, sumsOf } from './order';

export type Decision = 'approve' | 'dismiss' | 'answer' | 'start' | 'return';
export type State = Question['state'];
export type Undo = () => Promise<void>;

const BECOMES: Record<Decision, State> = { approve: 'approved', dismiss: 'dismissed', answer: 'answered', start: 'answering', return: 'waiting' };
/** What brings a question back to where it was. */
const RETURNS: Record<State, Decision> = { waiting: 'return', dismissed: 'dismiss', approved: 'approve', answering: 'start', answered: 'answer' };
/** A new question is put aside for good only after one could have changed one's mind: its asker is told. */
const MIND_CHANGE_MS = 6_000;
/** The server decides on so many in one command. */
const AT_ONCE = 50;
/** Likely duplicates are asked for when the newcomers have calmed down. */
const LIKENESS_MS = 1_500;

export class DeskStore {
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  selected = $state<string | null>(null);
  /** Before the moderator's eyes: only then is a question in their hand. */
  shown = true;
  /** Chosen to be decided on together. */
  picked = $state.raw<ReadonlySet<string>>(new Set());
  /** Which other moderator has which question in hand. */
  readonly claims: ReadonlyMap<string, Person> = $derived.by(() => new Map([...this.hands.by].map(([item, person]) => [item.replace('question:', ''), person])));
  /** A decision was refused after its pause. */
  onFault: (error: unknown) => void = () => {};
  private questions = $state.raw<ReadonlyMap<string, Question>>(new Map());
  /** The queue as it stands, in the order it was opened. */
  private standing = $state.raw<readonly string[]>([]);
  /** Decided here, until the log says the same. */
  private ahead = $state.raw<ReadonlyMap<string, State>>(new Map());
  private likeness = $state.raw<ReadonlyMap<string, readonly string[]>>(new Map());
  private held = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly hands: Claims;
  private followed: Followed[] = [];
  private comparing: ReturnType<typeof setTimeout> | undefined;

  readonly queue: Question[] = $derived(this.standing.flatMap((id) => this.questions.get(id) ?? []));
  readonly newcomers: Question[] = $derived(
    [...this.questions.values()].filter((question) => this.stateOf(question) === 'waiting' && !question.merged_into && !this.standing.includes(question.id)),
  );

  constructor(
    readonly session: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
    me: string = account.me?.person.id ?? '',
  ) {
    this.hands = new Claims(
      (item) => this.followed[0]?.signal('claim', { item }),
      () => (this.shown && this.selected && this.standing.includes(this.selected) ? `question:${this.selected}` : null),
      me,
    );
  }

  open(): void {
    this.followed = [
      follow<Snapshot<{ questions: Question[] }>>(this.live, {
        channel: `session:${this.session}:moderation`,
        load: (signal) => this.api.get(`/api/sessions/${this.session}/questions/queue`, { signal }),
        reset: (rows) => this.reset(rows.questions),
        publication: (publication) => this.apply(publication),
        signal: (signal) => this.hands.hear(signal),
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
    this.hands.open();
    addEventListener('pagehide', this.leave);
  }

  close(): void {
    removeEventListener('pagehide', this.leave);
    this.flush((path, body) => void this.api.post(path, body).catch(() => {}));
    this.hands.close();
    clearTimeout(this.comparing);
    for (const followed of this.followed) followed.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'tally.changed') {
      for (const { subject_id, votes } of sumsOf(data)) {
        const old = this.questions.get(subject_id);
        if (old) this.put({ ...old, votes });
      }
    } else if (data.question) {
      this.take(data.question as Question);
      if (name === 'question.asked') this.compareSoon();
    }
  }

  get(id: string): Question | undefined {
    return this.questions.get(id);
  }

  /** As this desk sees it: with what was decided here and is not yet told. */
  stateOf(question: Question): State {
    return this.ahead.get(question.id) ?? question.state;
  }

  /** Everything that is not in the queue, newest first; the public list by votes, what is answered now on top. */
  shelf(state: Exclude<State, 'waiting'>): Question[] {
    const found = [...this.questions.values()].filter((question) => {
      const now = this.stateOf(question);
      return !question.merged_into && (now === state || (state === 'approved' && now === 'answering'));
    });
    const live = (question: Question): number => Number(this.stateOf(question) === 'answering');
    return found.sort(state === 'approved' ? (one, other) => live(other) - live(one) || byVotes(one, other) : (one, other) => (one.at < other.at ? 1 : -1));
  }

  /** What a question may be merged into: all others that stand for themselves. */
  others(question: Question): Question[] {
    const fit = [...this.questions.values()].filter((other) => other.id !== question.id && !other.merged_into && other.state !== 'dismissed');
    const alike = this.likeness.get(question.id) ?? [];
    return fit.sort((one, other) => Number(alike.includes(other.id)) - Number(alike.includes(one.id)) || byVotes(one, other));
  }

  /** The one that a question most likely asks again. */
  alike(question: Question): Question | undefined {
    return (this.likeness.get(question.id) ?? []).map((id) => this.questions.get(id)).find((other) => other && !other.merged_into && other.state !== 'dismissed');
  }

  /** All of them, for a sheet. */
  get all(): Question[] {
    return [...this.questions.values()].sort((one, other) => (one.at < other.at ? -1 : 1));
  }

  /** Lets the newcomers in and clears away what others decided. */
  tidy(): void {
    const first = this.newcomers[0]?.id;
    const stays = this.queue.filter((question) => this.stateOf(question) === 'waiting' && !question.merged_into).map(({ id }) => id);
    this.standing = [...stays, ...this.newcomers.map(({ id }) => id)];
    if (!this.selected || !this.standing.includes(this.selected)) this.selected = first ?? this.standing[0] ?? null;
    this.compareSoon();
  }

  choose(id: string): void {
    if (this.selected === id) return;
    this.selected = id;
    this.hands.tell();
  }

  select(by: 1 | -1): void {
    const at = this.standing.indexOf(this.selected ?? '');
    const next = this.standing[at < 0 ? 0 : Math.min(this.standing.length - 1, Math.max(0, at + by))];
    if (next) this.choose(next);
  }

  pick(id: string): void {
    const picked = new Set(this.picked);
    if (!picked.delete(id)) picked.add(id);
    this.picked = picked;
  }

  unpick(): void {
    this.picked = new Set();
  }

  /** Several alike, in one command. Returns how many became so. */
  async decideAll(to: 'approved' | 'dismissed' | 'waiting', ids: readonly string[] = [...this.picked], seen: State = 'waiting'): Promise<number> {
    const questions: Question[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const some = ids.slice(at, at + AT_ONCE);
      const decided = await this.api.post<{ questions: Question[] }>(`/api/sessions/${this.session}/questions/decide`, { ids: some, to, seen });
      for (const question of decided.questions) this.take(question);
      questions.push(...decided.questions);
    }
    if (to === 'waiting') this.standing = [...this.standing, ...ids.filter((id) => !this.standing.includes(id))];
    else for (const id of ids) this.leaveQueue(id);
    this.unpick();
    return questions.filter(({ state }) => state === to).length;
  }

  /** Decides, and gives the way back. */
  async decide(question: Question, decision: Decision): Promise<Undo> {
    const from = this.stateOf(question);
    const seen = this.held.has(question.id) ? 'waiting' : from; // what is held is not told yet
    const place = this.standing.indexOf(question.id);
    this.release(question.id);
    if (decision === 'return') this.enterQueue(question.id, place);
    else this.leaveQueue(question.id);
    if (from === 'waiting' && decision === 'dismiss') {
      this.advance(question.id, 'dismissed');
      this.hold(question);
      return () => this.undo(question, from, place, decision);
    }
    await this.send(question, decision, seen, () => from === 'waiting' && this.enterQueue(question.id, place));
    return () => this.undo(question, from, place, decision);
  }

  /** Everything that changes a question and not its state; also answers in writing. */
  async ask(question: Question, method: 'post' | 'put' | 'patch' | 'delete', way: string, body?: unknown): Promise<void> {
    const path = `/api/questions/${question.id}${way}`;
    this.take(method === 'delete' ? await this.api.delete<Question>(path) : await this.api[method]<Question>(path, body));
  }

  private async undo(question: Question, from: State, place: number, decision: Decision): Promise<void> {
    if (from === 'waiting') this.enterQueue(question.id, place);
    if (this.held.has(question.id)) {
      this.release(question.id);
      this.advance(question.id, null);
      return;
    }
    await this.send(question, RETURNS[from], BECOMES[decision], () => {}, question.answer ?? {});
  }

  private hold(question: Question): void {
    const timer = setTimeout(() => {
      this.held.delete(question.id);
      this.send(question, 'dismiss', 'waiting', () => {}).catch((error: unknown) => this.onFault(error));
    }, MIND_CHANGE_MS);
    this.held.set(question.id, timer);
  }

  private release(id: string): void {
    clearTimeout(this.held.get(id));
    this.held.delete(id);
  }

  /** What waits is sent now. */
  private flush(send: (path: string, body: unknown) => void): void {
    for (const id of [...this.held.keys()]) {
      this.release(id);
      send(`/api/questions/${id}/dismiss`, { seen: 'waiting' });
    }
  }

  /** The page goes away, and a request that waits for its answer with it. */
  private readonly leave = (): void => this.flush((path, body) => navigator.sendBeacon(path, new Blob([JSON.stringify(body)], { type: 'application/json' })));

  /** `answer`: as it was given before, in writing or to its asker alone. */
  private async send(question: Question, decision: Decision, seen: State, refused: () => void, answer: Partial<NonNullable<Question['answer']>> = {}): Promise<void> {
    this.advance(question.id, BECOMES[decision]);
    try {
      this.take(await this.api.post<Question>(`/api/questions/${question.id}/${decision}`, decision === 'answer' ? answer : { seen }));
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
    if (this.picked.has(id)) this.pick(id);
    if (at < 0) return;
    if (this.selected === id) this.selected = this.standing[at + 1] ?? this.standing[at - 1] ?? null;
    this.standing = this.standing.filter((other) => other !== id);
  }

  private enterQueue(id: string, place: number): void {
    if (!this.standing.includes(id)) this.standing = this.standing.toSpliced(place < 0 ? this.standing.length : place, 0, id);
    this.selected = id;
  }

  private compareSoon(): void {
    clearTimeout(this.comparing);
    this.comparing = setTimeout(() => {
      this.api.get<{ questions: { id: string; like: string[] }[] }>(`/api/sessions/${this.session}/questions/duplicates`).then(
        ({ questions }) => (this.likeness = new Map(questions.map(({ id, like }) => [id, like]))),
        () => {}, // Proposals only: without them the desk works.
      );
    }, LIKENESS_MS);
  }

  private reset(questions: Question[]): void {
    this.questions = new Map(questions.map((question) => [question.id, question]));
    for (const question of questions) this.giveWay(question);
    if (!this.loaded) this.tidy();
    this.loaded = true;
  }

  private take(question: Question): void {
    const old = this.questions.get(question.id);
    if (old && old.version > question.version) return;
    this.put(question);
    this.giveWay(question);
  }

  /** Another moderator was faster: what was meant for a question that waited is dropped. */
  private giveWay(question: Question): void {
    if (question.state === 'waiting' && !question.merged_into) return;
    if (this.picked.has(question.id)) this.pick(question.id);
    if (!this.held.has(question.id)) return;
    this.release(question.id);
    this.advance(question.id, null);
  }

  private put(question: Question): void {
    this.questions = new Map(this.questions).set(question.id, question);
  }

  private advance(id: string, state: State | null): void {
    if (state === null && !this.ahead.has(id)) return;
    const ahead = new Map(this.ahead);
    if (state === null) ahead.delete(id);
    else ahead.set(id, state);
    this.ahead = ahead;
  }
}
