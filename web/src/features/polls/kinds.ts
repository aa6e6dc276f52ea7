/**
 * The kinds of polls: each is one component in `kinds/`, of the name that the server's file has, and is loaded when a
 * poll of it is shown. A new file is a new kind: nothing else names them.
 */
import type { Component } from 'svelte';
import type { PollSum } from '~/net/shapes';

/* eslint-disable @typescript-eslint/no-explicit-any -- what a kind sets and answers is its own */
export interface KindProps {
  /** Answering, showing what was answered, or making the poll. */
  mode: 'vote' | 'results' | 'edit';
  settings: any;
  answer: any;
  sums: PollSum[] | null;
  /** How many answered: each of them may count in several sums. */
  voters: number;
  /** One's own answer, to mark it. */
  mine: any;
  /** On a projector. */
  large: boolean;
  /** The desk may take a sum out of what everybody sees. */
  onhide: ((key: string, hidden: boolean) => void) | null;
}

export interface KindModule {
  default: Component<KindProps, {}, 'settings' | 'answer'>;
  label: () => string;
  /** Where it stands among the kinds that one chooses from; without a place it comes last. */
  place?: number;
  /** Its sums are people's own words: the desk may take one out of what everybody sees. */
  written?: boolean;
  /** The settings a new poll begins with. */
  fresh: () => Record<string, unknown>;
  /** Whether an answer may be sent. */
  ready: (answer: any, settings: any) => boolean;
}

const files = import.meta.glob<KindModule>('./kinds/*.svelte');

export class Kinds {
  constructor(private readonly found: Record<string, () => Promise<KindModule>> = files) {}

  get names(): string[] {
    return Object.keys(this.found).map(nameOf).sort();
  }

  /** Undefined for a kind that this page is too old to know. */
  load(name: string): Promise<KindModule> | undefined {
    return Object.entries(this.found).find(([file]) => nameOf(file) === name)?.[1]();
  }

  /** All of them, each at the place that it asks for. */
  async all(): Promise<[string, KindModule][]> {
    const found = await Promise.all(this.names.map(async (name): Promise<[string, KindModule]> => [name, await this.load(name)!]));
    return found.sort(([, one], [, other]) => (one.place ?? Infinity) - (other.place ?? Infinity) || 0);
  }
}

function nameOf(file: string): string {
  return file.split('/').at(-1)!.replace('.svelte', '').toLowerCase();
}

export const kinds = new Kinds();
