/** Any interleaving of own changes, lost answers, closed tabs and others' news ends as the server's board. */
import fc from 'fast-check';
import { setImmediate } from 'node:timers';
import { expect, it } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { Api } from '~/net/api';
import type { Position, Publication } from '~/net/shapes';
import type { Follower, LiveClient } from '~/net/socket';
import { BoardStore, NEW } from './BoardStore.svelte';
import { placeIn, type Place } from './changes';
import { Memory } from './kept';
import type { Card } from './shapes';

const COLUMNS = ['a', 'b', 'full'];
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The rules of the real one, without its database. */
class Server {
  rows: Card[] = ['1', '2', '3', '4'].map((id, at) => ({ ...NEW, id, board_id: 'x', column_id: at < 2 ? 'a' : 'b', rank: `0${at}`, title: id, version: 1, created_at: '' }));
  log: Publication[] = [];
  private answers = new Map<string, [number, unknown]>();

  take(path: string, method: string, key: string, body: Record<string, any>): [number, unknown] {
    const known = this.answers.get(key);
    if (known) return known;
    const answer = this.act(path.split('/'), method, key, body);
    this.answers.set(key, answer);
    return answer;
  }

  private act([, , kind, id, verb]: string[], method: string, key: string, body: Record<string, any>): [number, unknown] {
    const row = kind === 'boards' ? null : this.rows.find((one) => one.id === id && !one.archived);
    if (row === undefined) return [404, { code: 'card.unknown' }];
    if (body.column_id === 'full') return [409, { code: 'column.full' }];
    if (!row) {
      const made: Card = { ...NEW, created_at: '', id: key, board_id: 'x', column_id: body.column_id, title: body.title };
      this.rows.push(made);
      this.place(made, { column_id: body.column_id });
      return [200, { ...made }];
    }
    if (verb === 'move') this.place(row, body as Place);
    else this.tell(Object.assign(row, method === 'DELETE' ? { archived: true } : { title: body.title.value }));
    return [200, { ...row }];
  }

  private place(row: Card, place: Place): void {
    const others = this.column(place.column_id).filter((one) => one !== row);
    row.column_id = place.column_id;
    others.splice(placeIn(others, place), 0, row);
    others.forEach((one, at) => {
      const rank = String(at).padStart(3, '0');
      if (one === row || one.rank !== rank) this.tell(Object.assign(one, { rank }));
    });
  }

  private tell(row: Card): void {
    row.version++;
    this.log.push({ type: 'publication', channel: '', offset: this.log.length + 1, id: `p${this.log.length + 1}`, name: 'card.changed', at: '', data: { card: { ...row } } });
  }

  column(id: string): Card[] {
    return this.rows.filter((one) => one.column_id === id && !one.archived).sort((one, other) => (one.rank < other.rank ? -1 : 1));
  }

  get position(): Position {
    return { offset: this.log.length, id: this.log.at(-1)?.id ?? null };
  }
}

class Member {
  store!: BoardStore;
  private kept = new Memory();
  private follower: Follower | null = null;
  private heard = 0;
  private asked: ((outcome: 'taken' | 'lost' | 'answer lost') => void) | null = null;
  taken: string[] = [];

  constructor(private server: Server) {}

  async open(): Promise<void> {
    this.store?.close();
    this.follower = this.asked = null;
    const live = { follow: (_: string, follower: Follower) => ((this.follower = follower), { resume() {}, signal() {}, stop() {} }) };
    this.store = new BoardStore('x', 'me', new Api((path, init) => this.fetch(String(path), init!)), live as unknown as LiveClient, () => Promise.resolve(this.kept));
    await this.store.open();
    await turn();
  }

  private fetch(path: string, init: RequestInit): Promise<Response> {
    const { server } = this;
    if (init.method === 'GET') {
      this.heard = server.log.length;
      const columns = COLUMNS.map((id) => ({ id, title: id, rank: id, archived: false }));
      return Promise.resolve(Response.json({ position: server.position, board: { id: 'x', version: 1, labels: [], columns, cards: server.rows } }));
    }
    return new Promise((resolve, reject) => {
      this.asked = (outcome) => {
        this.asked = null;
        if (outcome === 'lost') return reject(new TypeError());
        const key = new Headers(init.headers).get('Idempotency-Key')!;
        const [status, answer] = server.take(path, init.method!, key, JSON.parse(String(init.body ?? '{}')));
        if (outcome === 'answer lost') return reject(new TypeError());
        if (status === 200) this.taken.push(key);
        resolve(Response.json(answer, { status }));
      };
    });
  }

  async network(outcome: 'taken' | 'lost' | 'answer lost'): Promise<void> {
    this.store.queue.nudge();
    await turn();
    this.asked?.(outcome);
    await turn();
  }

  hear(most: number): void {
    for (const publication of this.server.log.slice(this.heard, this.heard + most)) {
      this.heard++;
      this.follower?.publication(publication);
    }
  }

  get drawn(): string[][] {
    return this.store.lists.map(({ cards }) => cards.map(({ id, title }) => `${id} ${title}`));
  }

  act({ what, card, column, beside }: { what: string; card: number; column: number; beside: number }): void {
    const all = this.store.lists.flatMap(({ cards }) => cards);
    const id = all[card % Math.max(1, all.length)]?.id;
    const column_id = COLUMNS[column]!;
    if (what === 'make') this.store.create(column_id, `n${card}`);
    else if (!id) return;
    else if (what === 'move') void this.store.move(id, { column_id, before: all[beside % all.length]!.id });
    else if (what === 'name') void this.store.edit(id, 'title', `t${beside}`);
    else void this.store.about(id, 'DELETE', '', undefined, { do: 'take', card: id });
  }
}

const who = fc.nat({ max: 2 });
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('act' as const), who, what: fc.constantFrom('make', 'move', 'move', 'move', 'name', 'drop'), card: fc.nat(9), column: fc.nat(2), beside: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('network' as const), who, outcome: fc.constantFrom('taken' as const, 'taken' as const, 'lost' as const, 'answer lost' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('hear' as const), who, most: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), who }) },
);

it('all end with the server’s board, every change taken once', async () => {
  await language.use('en');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 45 }), async (steps) => {
      const server = new Server();
      const members = [new Member(server), new Member(server), new Member(server)];
      for (const member of members) await member.open();
      for (const one of steps) {
        const member = members[one.who]!;
        if (one.kind === 'act') member.act(one);
        if (one.kind === 'network') await member.network(one.outcome);
        if (one.kind === 'hear') member.hear(one.most);
        if (one.kind === 'reopen') await member.open();
        const ids = member.store.lists.flatMap(({ cards }) => cards.map(({ id }) => id));
        expect(new Set(ids).size, 'a card drawn twice').toBe(ids.length);
      }
      for (const member of members) {
        for (let round = 0; member.store.queue.waiting.length > 0 && round < 200; round++) {
          // An answer may come after newer news.
          if (round % 2 === 0) member.hear(Infinity);
          await member.network('taken');
        }
        expect(member.store.queue.waiting).toEqual([]);
      }
      for (const member of members) member.hear(Infinity);
      const truth = COLUMNS.map((id) => server.column(id).map((card) => `${card.id} ${card.title}`));
      for (const member of members) {
        expect(member.drawn).toEqual(truth);
        member.store.close();
      }
    }),
    { numRuns: 150 },
  );
});
