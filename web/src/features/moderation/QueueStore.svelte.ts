/**
 * What moderators decide on beside questions: messages that wait, and what was reported. Each shelf stands still
 * while it is read: newcomers are a count until asked for, and what is decided stays in its place, marked, until
 * the shelf is tidied.
 */
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Held, Moderation, Publication, Report, Rules, Silence } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { Claims } from '../desk/Claims.svelte';

export type Item = { id: string; at: string } & ({ kind: 'held'; held: Held } | { kind: 'report'; report: Report });

export class Shelf {
  selected = $state<string | null>(null);
  /** Before the moderator's eyes: only then is a thing in their hand. */
  shown = $state(false);
  private standing = $state.raw<readonly string[]>([]);

  readonly queue: Item[] = $derived.by(() => this.standing.flatMap((id) => this.store.items.get(id) ?? []));
  private readonly waiting: string[] = $derived.by(() => [...this.store.open_].filter((id) => id.startsWith(`${this.kind}:`)));
  readonly count: number = $derived(this.waiting.length);
  readonly newcomers: number = $derived(this.waiting.filter((id) => !this.standing.includes(id)).length);
  readonly settled: boolean = $derived.by(() => this.standing.some((id) => !this.store.isOpen(id)));
  readonly current: Item | null = $derived.by(() => (this.selected && this.store.items.get(this.selected)) || null);

  constructor(
    private readonly store: QueueStore,
    readonly kind: Item['kind'],
  ) {}

  /** Lets the newcomers in and clears away what was decided. */
  tidy(): void {
    const stays = this.standing.filter((id) => this.store.isOpen(id));
    const news = this.waiting.filter((id) => !stays.includes(id));
    this.standing = [...stays, ...news];
    if (!this.selected || !this.standing.includes(this.selected)) this.choose(news[0] ?? this.standing[0] ?? null);
  }

  choose(id: string | null): void {
    this.selected = id;
    this.store.claims.tell();
  }

  select(by: 1 | -1): void {
    const at = this.standing.indexOf(this.selected ?? '');
    this.choose(this.standing[at < 0 ? 0 : Math.min(this.standing.length - 1, Math.max(0, at + by))] ?? null);
  }
}

export class QueueStore {
  loaded = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  silences = $state.raw<Silence[]>([]);
  rules = $state.raw<Rules | null>(null);
  items = $state.raw<ReadonlyMap<string, Item>>(new Map());
  open_ = $state.raw<ReadonlySet<string>>(new Set());
  readonly held = new Shelf(this, 'held');
  readonly reports = new Shelf(this, 'report');
  readonly claims = new Claims(
    (item) => this.followed?.signal('claim', { item }),
    () => [this.held, this.reports].find(({ shown }) => shown)?.selected ?? null,
  );
  private followed: Followed | null = null;

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
      signal: (signal) => this.claims.hear(signal),
      trouble: (error) => (this.trouble = error),
    });
    this.claims.open();
  }

  close(): void {
    this.followed?.close();
    this.claims.close();
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

  private reset(rows: Moderation): void {
    const items = [...rows.held.map(heldItem), ...rows.reports.map(reportItem)].sort((one, other) => (one.at < other.at ? -1 : 1));
    this.items = new Map([...this.items, ...items.map((item) => [item.id, item] as const)]);
    this.open_ = new Set(items.filter((item) => item.kind === 'held' || item.report.decided === null).map(({ id }) => id));
    this.silences = rows.silences;
    this.rules = rows.rules;
    if (!this.loaded) for (const shelf of [this.held, this.reports]) shelf.tidy();
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
