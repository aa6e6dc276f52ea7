/** The questions everybody sees: by votes, with one vote of one's own for each. */
import { api as theApi, ApiError, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { newKey } from '~/net/keys';
import { follow, type Followed } from '~/net/live';
import type { Publication, Question, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import type { MineStore } from '../stage/MineStore.svelte';
import { sumsOf } from './order';

export const MOST_LETTERS = 1_000;

export class QuestionsStore {
  questions = $state.raw<Question[]>([]);
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  /** Told of each question that becomes public while the page is open. */
  onShown: (question: Question) => void = () => {};
  /** One's own votes that the published sum does not hold yet. */
  private ahead = $state.raw<ReadonlyMap<string, 1 | -1>>(new Map());
  private followed: Followed | null = null;
  private voting = new Map<string, Promise<void>>();

  constructor(
    readonly session: string,
    private readonly mine: MineStore,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = follow<Snapshot<{ questions: Question[] }>>(this.live, {
      channel: `session:${this.session}`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/questions`, { signal }),
      reset: (rows) => {
        this.questions = rows.questions;
        this.ahead = new Map();
        this.loaded = true;
      },
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'question.approved' || name === 'question.answering' || name === 'question.answered' || name === 'question.changed') this.take(data.question as Question);
    if (name === 'question.withdrawn') this.withdraw(String(data.question_id), Number(data.version));
    if (name === 'tally.changed') for (const { subject_id, votes } of sumsOf(data)) this.count(subject_id, votes);
  }

  /** One's vote counts for a question also when it was given to one that this one speaks for. */
  voted(question: Question): boolean {
    return this.mine.votes.has(question.id) || question.merged.some((id) => this.mine.votes.has(id));
  }

  votes(question: Question): number {
    return Math.max(0, question.votes + (this.ahead.get(question.id) ?? 0));
  }

  /** Asked under its key: a second try of the same words is the same question. */
  async ask(text: string, key: string = newKey(), anonymous = false): Promise<void> {
    this.mine.take(await this.api.post<Question>(`/api/sessions/${this.session}/questions`, { text, anonymous }, { key }));
  }

  /** One's own words, while they wait. */
  async edit(question: Question, text: string): Promise<void> {
    this.mine.take(await this.api.patch<Question>(`/api/questions/${question.id}`, { text }));
  }

  /** Shown at once; taken back when the server refuses. Quick presses are sent one after the other. */
  toggleVote(question: Question): Promise<void> {
    const voted = !this.voted(question);
    this.show(question, voted);
    const before = this.voting.get(question.id) ?? Promise.resolve();
    const path = `/api/questions/${question.id}/vote`;
    const sent = before.catch(() => {}).then(async () => {
      try {
        await (voted ? this.api.put(path) : this.api.delete(path));
      } catch (error) {
        if (this.voted(question) === voted) this.show(question, !voted);
        throw error;
      }
    });
    this.voting.set(question.id, sent);
    return sent.finally(() => {
      if (this.voting.get(question.id) === sent) this.voting.delete(question.id);
    });
  }

  private show(question: Question, voted: boolean): void {
    this.mine.setVote(question.id, voted);
    if (!voted) for (const id of question.merged) this.mine.setVote(id, false);
    const ahead = new Map(this.ahead);
    const owed = (ahead.get(question.id) ?? 0) + (voted ? 1 : -1);
    if (owed === 0) ahead.delete(question.id);
    else ahead.set(question.id, owed > 0 ? 1 : -1);
    this.ahead = ahead;
  }

  /** A sum came: what was shown ahead of it is in it, or comes with the next one. */
  private settle(id: string): void {
    if (!this.ahead.has(id)) return;
    const ahead = new Map(this.ahead);
    ahead.delete(id);
    this.ahead = ahead;
  }

  private count(id: string, votes: number): void {
    this.settle(id);
    this.questions = this.questions.map((question) => (question.id === id ? { ...question, votes } : question));
  }

  private take(question: Question): void {
    const old = this.questions.find(({ id }) => id === question.id);
    if (old && old.version > question.version) return;
    this.settle(question.id);
    this.questions = old ? this.questions.map((other) => (other.id === question.id ? question : other)) : [...this.questions, question];
    if (!old) this.onShown(question);
  }

  private withdraw(id: string, version: number): void {
    this.questions = this.questions.filter((question) => question.id !== id || question.version > version);
  }
}
