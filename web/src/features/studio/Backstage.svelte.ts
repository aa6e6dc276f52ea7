/** Who else is backstage, and in which slot of the backstage feed one sees and hears them. */
import { api as theApi, type Api } from '~/net/api';
import type { Publisher } from '~/net/shapes';

const LOOK_MS = 3_000;

export class Backstage {
  publishers = $state.raw<Publisher[]>([]);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private open_ = false;

  constructor(
    private readonly session: string,
    private readonly me: string,
    private readonly api: Api = theApi,
  ) {}

  /** All but oneself: one's own voice, from this browser or from OBS, must not come back. */
  get others(): Publisher[] {
    return this.publishers.filter((publisher) => publisher.person?.id !== this.me && publisher.slot !== null);
  }

  open(): void {
    if (this.open_) return;
    this.open_ = true;
    void this.look();
  }

  close(): void {
    this.open_ = false;
    clearTimeout(this.timer);
    this.publishers = [];
  }

  private async look(): Promise<void> {
    try {
      const { backstage } = await this.api.get<{ backstage: Publisher[] }>(`/api/sessions/${this.session}/mine`, { patienceMs: 0 });
      if (this.open_) this.publishers = backstage;
    } catch {
      // The next look will tell.
    }
    if (this.open_) this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }
}
