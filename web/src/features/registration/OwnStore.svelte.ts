/** One's own registration: by the personal link, or signed in and then live. */
import { account } from '~/app/me.svelte';
import { api as theApi, type Api, type ApiError } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Answers, OwnRegistration, Pass } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export type Holder = { token: string } | { conference_id: string };

export class OwnStore {
  registration = $state.raw<OwnRegistration | null>(null);
  calendar = $state('');
  trouble = $state<ApiError | null>(null);
  private followed: Followed | null = null;

  constructor(
    readonly holder: Holder,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  /** For somebody signed in: what organisers decide shows at once. */
  open(): void {
    const person = account.me?.person.id;
    if (!person) return;
    this.followed = follow<Pass & { position?: never }>(this.live, {
      channel: `person:${person}`,
      headFirst: true,
      load: (signal) => this.api.post<Pass & { position?: never }>('/api/pass/look', this.holder, { signal }),
      reset: (pass) => this.take(pass),
      publication: ({ name, data }) => {
        if (name === 'registration.changed' && data.conference_id === this.registration?.conference.id) void this.look().catch(() => {});
      },
      trouble: (error) => (this.trouble = error),
    });
  }

  close(): void {
    this.followed?.close();
  }

  async look(): Promise<void> {
    this.take(await this.api.post<Pass>('/api/pass/look', this.holder));
  }

  async act(wish: 'accept' | 'cancel' | 'again'): Promise<void> {
    this.take(await this.api.post<Pass>('/api/pass/act', { ...this.holder, do: wish }));
  }

  async change(name: string, answers: Answers): Promise<void> {
    this.take(await this.api.post<Pass>('/api/pass/change', { ...this.holder, name, answers }));
  }

  take(pass: Pass): void {
    this.registration = pass.registration;
    this.calendar = pass.calendar ?? '';
  }
}
