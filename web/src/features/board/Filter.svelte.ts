/** Which cards are in sight: words folded as the search folds them, people, labels, due, skill, language, length. It hides and never moves. */
import { dayKey } from '~/i18n/format';
import { fold } from '~/i18n/fold';
import { dueDay, isOverdue, type Zones } from './due';
import type { Card, Label } from './shapes';

export type DueWish = '' | 'overdue' | 'today' | 'week' | 'none';
const DAY_MS = 86_400_000;

export class Filter {
  text = $state('');
  /** A person, `none` for nobody's, or everybody's. */
  person = $state('');
  label = $state('');
  due = $state<DueWish>('');
  /** Folded: spellings of one skill are one. */
  skill = $state('');
  language = $state('');
  /** At most so many minutes, or `none` for cards that tell no length. */
  size = $state('');
  /** Cards whose description has the words: the board holds no descriptions, so the server was asked. */
  described = $state.raw<{ text: string; ids: ReadonlySet<string> }>({ text: '', ids: new Set() });

  private readonly words: readonly string[] = $derived(fold(this.text).split(' ').filter(Boolean));
  readonly on: boolean = $derived(this.words.length > 0 || this.person !== '' || this.label !== '' || this.due !== '' || this.skill !== '' || this.language !== '' || this.size !== '');

  clear(): void {
    this.text = this.person = this.label = this.due = this.skill = this.language = this.size = '';
  }

  matches(card: Card, zone: string, labels: readonly Label[], zones: Zones, now: number = Date.now()): boolean {
    if (!this.on) return true;
    if (this.person === 'none' ? card.people.length > 0 : this.person && !card.people.some(({ id }) => id === this.person)) return false;
    if (this.label === 'none' ? card.labels.length > 0 : this.label && !card.labels.includes(this.label)) return false;
    if (this.due && !dueFits(this.due, card, zone, zones, now)) return false;
    if (this.skill && fold(card.skill) !== this.skill) return false;
    if (this.language && card.language !== this.language) return false;
    if (this.size && (this.size === 'none' ? card.size_minutes !== null : card.size_minutes === null || card.size_minutes > Number(this.size))) return false;
    if (this.words.length === 0 || (this.described.text === this.text && this.described.ids.has(card.id))) return true;
    const names = labels.filter(({ id }) => card.labels.includes(id)).map(({ name }) => name);
    const told = fold(`${card.title} #${card.number} ${card.skill} ${[...names, ...card.people.map(({ name }) => name)].join(' ')}`);
    return this.words.every((word) => told.includes(word));
  }
}

function dueFits(wish: DueWish, card: Card, zone: string, zones: Zones, now: number): boolean {
  const day = dueDay(card, zone);
  if (wish === 'none') return day === null;
  if (day === null || card.done_at) return false;
  const today = dayKey(new Date(now), zone);
  if (wish === 'overdue') return isOverdue(card, zone, zones, now);
  if (wish === 'today') return day === today;
  return day >= today && day <= dayKey(new Date(now + 6 * DAY_MS), zone);
}
