/** A conference's settings. Each section saves what is its own; the answer is the whole row. */
import { api as theApi, ApiError, type Api } from '~/net/api';
import type { Conference, ConferenceSettings, RegistrationForm, Snapshot } from '~/net/shapes';

export class SettingsStore {
  conference = $state.raw<Conference | null>(null);
  settings = $state.raw<ConferenceSettings | null>(null);
  form = $state.raw<RegistrationForm | null>(null);
  trouble = $state<ApiError | null>(null);
  private readonly path: string;

  constructor(
    readonly id: string,
    private readonly api: Api = theApi,
  ) {
    this.path = `/api/conferences/${id}`;
  }

  async load(): Promise<void> {
    try {
      const [snapshot, settings, form] = await Promise.all([
        this.api.get<Snapshot<{ conference: Conference }>>(this.path),
        this.api.get<ConferenceSettings>(`${this.path}/settings`),
        this.api.get<RegistrationForm>(`${this.path}/registration`),
      ]);
      this.form = form;
      this.settings = settings;
      this.conference = snapshot.conference;
    } catch (error) {
      this.trouble = error instanceof ApiError ? error : new ApiError(0, 'client.fault', String(error));
    }
  }

  async change(wish: Partial<ConferenceSettings>): Promise<void> {
    this.settings = await this.api.patch<ConferenceSettings>(`${this.path}/settings`, wish);
  }

  async setForm(wish: Partial<RegistrationForm>): Promise<void> {
    this.form = await this.api.patch<RegistrationForm>(`${this.path}/registration`, wish);
  }

  async deleteLater(title: string): Promise<void> {
    this.settings = await this.api.post<ConferenceSettings>(`${this.path}/deletion`, { title });
  }

  async keep(): Promise<void> {
    this.settings = await this.api.delete<ConferenceSettings>(`${this.path}/deletion`);
  }
}
