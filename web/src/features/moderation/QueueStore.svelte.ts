/**
 * The moderators' queue: what waits and what was reported. It stands still while it is read: newcomers are a
 * count until asked for, and what is decided stays in its place, marked, until the queue is tidied.
 */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Held, Moderation, Publication, Report, Rules, Silence } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export type Item = { id: string; at: string } & ({ kind: 'held'; held: Held } | { kind: 'report'; report: Report });

export class QueueStore {
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  selected = $state<string | null>(null);
  silences = $state.raw<Silence[]>([]);
  rules = $state.raw<Rules | null>(null);
  private items = $state.raw<ReadonlyMap<string, Item>>(new Map());
  private open_ = $state.raw<ReadonlySet<string>>(new Set());
  private standing = $state.raw<readonly string[]>([]);
  private followed: Followed | null = null;

  readonly queue: Item[] = $derived(this.standing.flatMap((id) => this.items.get(id) ?? []));
  readonly newcomers: number = $derived([...this.open_].filter((id) => !this.standing.includes(id)).length);
  readonly settled: boolean = $derived(this.standing.some((id) => !this.open_.has(id)));
  readonly current: Item | null = $derived((this.selected && this.items.get(this.selected)) || null);

  constructor(
    readonly session: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  open(): void {
    this.followed = follow<Moderation>(this.live, {
      channel: `session:${this.session}:moderation`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/moderation`, { signal }),
      reset: (rows) => this.reset(rows),
      publication: (publication) => this.apply(publication),
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
  }

  isOpen(id: string): boolean {
    return this.open_.has(id);
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'message.held') this.put(heldItem(data.held as Held), true);
    else if (name === 'message.settled') this.settle(`held:${String(data.message_id)}`);
    else if (name === 'report.changed') this.put(reportItem(data.report as Report), (data.report as Report).decided === null);
    else if (name === 'session_rules.changed') this.rules = data.rules as Rules;
    else if (name === 'silence.changed') {
      const silence = data.silence as Silence;
      const others = this.silences.filter(({ id }) => id !== silence.id);
      this.silences = data.silenced ? [...others, silence] : others;
    }
  }

  /** Lets the newcomers in and clears away what was decided. */
  tidy(): void {
    const stays = this.standing.filter((id) => this.open_.has(id));
    const news = [...this.open_].filter((id) => !stays.includes(id));
    this.standing = [...stays, ...news];
    if (!this.selected || !this.standing.includes(this.selected)) this.selected = news[0] ?? this.standing[0] ?? null;
  }

  select(by: 1 | -1): void {
    const at = this.standing.indexOf(this.selected ?? '');
    this.selected = this.standing[at < 0 ? 0 : Math.min(this.standing.length - 1, Math.max(0, at + by))] ?? null;
  }

  private reset(rows: Moderation): void {
    const items = [...rows.held.map(heldItem), ...rows.reports.map(reportItem)].sort((one, other) => (one.at < other.at ? -1 : 1));
    this.items = new Map([...this.items, ...items.map((item) => [item.id, item] as const)]);
    this.open_ = new Set(items.filter((item) => item.kind === 'held' || item.report.decided === null).map(({ id }) => id));
    this.silences = rows.silences;
    this.rules = rows.rules;
    if (!this.loaded) this.tidy();
    this.loaded = true;
  }

  private put(item: Item, open: boolean): void {
    this.items = new Map(this.items).set(item.id, item);
    if (open) this.open_ = new Set(this.open_).add(item.id);
    else this.settle(item.id);
  }

  private settle(id: string): void {
    if (!this.open_.has(id)) return;
    const open = new Set(this.open_);
    open.delete(id);
    this.open_ = open;
  }
}

function heldItem(held: Held): Item {
  return { id: `held:${held.message.id}`, at: held.message.at, kind: 'held', held };
}

function reportItem(report: Report): Item {
  return { id: `report:${report.subject_id}`, at: report.at, kind: 'report', report };
}
