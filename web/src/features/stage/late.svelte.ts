/** A part of the page that comes after the page works. */
import type { Component } from 'svelte';

export class Late<C extends Component<any>> {
  View = $state.raw<C | null>(null);
  failed = $state(false);
  private loading = false;

  constructor(
    private readonly view: () => Promise<{ default: C }>,
    private readonly words: () => Promise<unknown> = () => Promise.resolve(),
    /** It did not come: for what somebody pressed for, so that they hear of it and the press can be made again. */
    private readonly lost: () => void = () => {},
  ) {}

  /** Once; again only after it failed. */
  load(): void {
    if (this.loading) return;
    this.loading = true;
    this.failed = false;
    Promise.all([this.view(), this.words()]).then(
      ([module]) => (this.View = module.default),
      () => {
        this.failed = true;
        this.loading = false;
        this.lost();
      },
    );
  }
}
