/**
 * Own commands on their way to the server, one after the other. Each keeps its key over lost answers, closed tabs
 * and hours without a network, so it happens once. What the server will not take is set aside with the reason, and
 * so is what was to be done to a row that therefore never came to be; the rest goes on.
 */
import { api as theApi, ApiError, sentence, type Api } from '~/net/api';
import { over, written, type Clash, type Command, type Fault } from './commands';
import { Memory, type Kept } from './kept';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

export interface QueueOptions {
  api?: Api;
  kept?: Kept;
  done: (command: Command, answer: unknown) => void;
  refused?: (command: Command) => void;
}

export class CommandQueue {
  /** In order; those with a fault wait for their person, not for the network. */
  all = $state.raw<readonly Command[]>([]);
  /** The head could not be sent, and is tried again. */
  stuck = $state(false);
  readonly waiting: readonly Command[] = $derived(this.all.filter(({ fault }) => !fault));
  readonly faulty: readonly Command[] = $derived(this.all.filter(({ fault }) => fault));
  /** Keys of those that this browser would not keep: they last as long as the page. */
  unkept = $state.raw<ReadonlySet<string>>(new Set());

  /** The one that the server may have: sent at least once, here or on an earlier page. */
  tried = '';

  private readonly api: Api;
  private readonly kept: Kept;
  private running = false;
  private ended = false;
  private wake: (() => void) | null = null;
  private settled = new Map<string, (taken: boolean) => void>();
  /** Written one after the other, so that the order kept is the order given. */
  private written: Promise<unknown> = Promise.resolve();

  constructor(private readonly owner: string, private readonly options: QueueOptions) {
    this.api = options.api ?? theApi;
    this.kept = options.kept ?? new Memory();
  }

  /** Takes up what an earlier page left. Before it returns nothing should be added. */
  async restore(): Promise<void> {
    const left = await this.kept.commands(this.owner).catch(() => []);
    const known = new Set(this.all.map(({ key }) => key));
    this.all = [...left.filter(({ key }) => !known.has(key)), ...this.all];
    this.tried ||= this.waiting[0]?.key ?? '';
  }

  /** Resolves true when the server took it, false when it never will; while there is no network, not at all. */
  add(command: Command): Promise<boolean> {
    this.all = [...this.all, command];
    this.keep(command);
    void this.run();
    return new Promise((resolve) => this.settled.set(command.key, resolve));
  }

  /** The network is said to be back. */
  nudge(): void {
    this.wake?.();
    void this.run();
  }

  /** Its person has read why, or has chosen. */
  dismiss(key: string): void {
    this.forget(key);
  }

  /** What was written over an edit that has now been taken is over what the server made of it. */
  private rebase(earlier: Command, answer: unknown): void {
    this.all = this.all.map((one) => {
      const next = over(one, earlier, answer);
      if (next !== one) this.keep(next);
      return next;
    });
  }

  /** Some of its clashes are decided; without any left it is done. */
  settleClash(key: string, left: Clash[]): void {
    if (left.length === 0) return this.forget(key);
    this.all = this.all.map((one) => (one.key === key ? { ...one, fault: { ...one.fault!, clashes: left } } : one));
    const changed = this.all.find((one) => one.key === key);
    if (changed) this.keep(changed);
  }

  /** Sent again as it was: what stood in its way may be gone. */
  retry(key: string): void {
    this.all = this.all.map((one) => {
      if (one.key !== key) return one;
      const { fault: _, ...again } = one;
      this.keep(again);
      return again;
    });
    this.nudge();
  }

  close(): void {
    this.ended = true;
    this.wake?.();
  }

  /** Sends what waits. Resolves when nothing does any more. */
  async run(): Promise<void> {
    if (this.running || this.ended) return;
    this.running = true;
    try {
      for (let failures = 0; !this.ended; ) {
        const command = this.waiting[0];
        if (!command) break;
        const again = await this.send(command);
        this.stuck = again;
        if (again) await this.pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++));
        else failures = 0;
      }
    } finally {
      this.running = false;
    }
  }

  /** True when it must be sent again. */
  private async send(command: Command): Promise<boolean> {
    try {
      // Written first: an answer lost with the tab must find the command again.
      await this.written;
      if (!navigator.onLine) return true;
      this.tried = command.key;
      const answer = await this.call(command);
      if (this.ended) return false;
      this.rebase(command, answer);
      this.options.done(command, answer);
      this.forget(command.key, true);
      return false;
    } catch (error) {
      if (this.ended) return false;
      if (!(error instanceof ApiError) || error.passing || error.code === 'login.needed') return true;
      this.refuse(command, { code: error.code, why: sentence(error), clashes: clashesOf(error) });
      return false;
    }
  }

  private call({ method, path, body, key }: Command): Promise<unknown> {
    const asking = { key, patienceMs: 0 };
    if (method === 'DELETE') return this.api.delete<unknown>(path, asking);
    const send = { POST: this.api.post, PATCH: this.api.patch, PUT: this.api.put }[method];
    return send.call(this.api, path, body, asking) as Promise<unknown>;
  }

  private refuse(command: Command, fault: Fault): void {
    const lost = new Set(made(command));
    const fallen: Command[] = [];
    this.all = this.all.map((one) => {
      if (one.fault || (one.key !== command.key && !needs(one, lost))) return one;
      for (const id of made(one)) lost.add(id);
      const told = { ...one, fault: { ...fault, clashes: fault.clashes.map((clash) => ({ ...clash, yours: written(one, clash.field)?.value ?? clash.yours })) } };
      fallen.push(told);
      return told;
    });
    // Of edits one over the other only the last is what its person wants.
    const past = new Set(fallen.map(({ after }) => after));
    for (const { key } of fallen) if (past.has(key)) this.forget(key);
    for (const one of fallen.filter(({ key }) => !past.has(key))) {
      this.keep(one);
      this.settle(one.key, false);
      this.options.refused?.(one);
    }
  }

  private forget(key: string, taken = false): void {
    this.all = this.all.filter((one) => one.key !== key);
    this.write(() => this.kept.remove(key));
    this.settle(key, taken);
  }

  private settle(key: string, taken: boolean): void {
    this.settled.get(key)?.(taken);
    this.settled.delete(key);
  }

  private keep(command: Command): void {
    this.write(async () => {
      const lasts = await this.kept.put(this.owner, command).then(() => this.kept.lasting, () => false);
      if (lasts === this.unkept.has(command.key)) this.unkept = lasts ? new Set([...this.unkept].filter((key) => key !== command.key)) : new Set(this.unkept).add(command.key);
    });
  }

  private write(work: () => Promise<void>): void {
    this.written = this.written.then(work).catch(() => {});
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(), ms * (0.5 + Math.random() / 2));
      this.wake = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
    });
  }
}

/** Ids that will not exist if it is refused. */
function made({ key, change }: Command): string[] {
  return change.do === 'make' || change.do === 'column.make' ? [change.row.id, key] : [key];
}

function needs(command: Command, lost: ReadonlySet<string>): boolean {
  if (command.after && lost.has(command.after)) return true;
  if (command.card && lost.has(command.card)) return true;
  return command.path.split('/').some((part) => lost.has(part));
}

function clashesOf(error: ApiError): Clash[] {
  return Array.isArray(error.details.clashes) ? (error.details.clashes as Clash[]) : [];
}
