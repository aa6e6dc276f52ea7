/** What was recorded of a session: the newest version of each wins, a deleted one does not come back. */
import { api as theApi, type Api } from '~/net/api';
import { live as theLive } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Publication, Recording, RecordingFile, Snapshot } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';

export class RecordingStore {
  recordings = $state.raw<Recording[]>([]);
  private readonly deleted = new Set<string>();
  private followed: Followed | null = null;

  constructor(
    readonly session: string,
    private readonly api: Api = theApi,
    private readonly live: LiveClient = theLive,
  ) {}

  /** What can be played now, the newest last. */
  get ready(): Recording[] {
    return this.recordings.filter(({ url }) => url !== null);
  }

  get coming(): boolean {
    return this.recordings.some(({ state }) => state === 'finishing');
  }

  open(): void {
    this.followed = follow<Snapshot<{ recordings: Recording[] }>>(this.live, {
      channel: `session:${this.session}`,
      load: (signal) => this.api.get(`/api/sessions/${this.session}/recordings`, { signal }),
      reset: ({ recordings }) => (this.recordings = recordings),
      publication: (publication) => this.apply(publication),
    });
  }

  close(): void {
    this.followed?.close();
  }

  apply({ name, data }: Pick<Publication, 'name' | 'data'>): void {
    if (name === 'recording.changed' && data.recording) this.take(data.recording as Recording);
    if (name === 'recording.deleted') this.drop(String(data.recording_id));
  }

  files(recording: Recording): Promise<{ files: RecordingFile[] }> {
    return this.api.get(`/api/recordings/${recording.id}/files`);
  }

  async remove(recording: Recording): Promise<void> {
    await this.api.delete(`/api/recordings/${recording.id}`);
    this.drop(recording.id);
  }

  private take(recording: Recording): void {
    if (this.deleted.has(recording.id)) return;
    const known = this.recordings.find(({ id }) => id === recording.id);
    if (known && known.version > recording.version) return;
    const others = this.recordings.filter(({ id }) => id !== recording.id);
    this.recordings = [...others, recording].sort((one, other) => one.started_at.localeCompare(other.started_at));
  }

  private drop(id: string): void {
    this.deleted.add(id);
    this.recordings = this.recordings.filter((recording) => recording.id !== id);
  }
}
