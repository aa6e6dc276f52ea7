/** Who uses this page. Signing in or out changes it, and with it every page. */
import { viewerZone } from '~/i18n/format';
import { language } from '~/i18n/t.svelte';
import { api } from '~/net/api';
import { live } from '~/net/client.svelte';
import { follow, type Followed } from '~/net/live';
import type { Locale, Me, MyConference, Role } from '~/net/shapes';
import { preferences } from './preferences.svelte';

class Account {
  me = $state<Me | null>(null);
  demo = $state(false);
  private following: Followed | null = null;

  get signedIn(): boolean {
    return this.me !== null;
  }

  /** The clock of this person: the one they set, else the device's. */
  get zone(): string {
    return this.me?.person.zone ?? viewerZone();
  }

  conference(id: string): MyConference | undefined {
    return this.me?.conferences.find((conference) => conference.id === id);
  }

  roleIn(conference: string): Role | null {
    return this.conference(conference)?.role ?? null;
  }

  /** After a door (sign-in, invitation, link) let somebody in. */
  async enter(me: Me): Promise<void> {
    const same = this.me?.person.id === me.person.id;
    if (!same) {
      this.following?.close();
      live.reset(); // before anybody sees who it is now, and follows what is theirs
    }
    this.me = me;
    if (!same) this.listen(me.person.id);
    if (me.person.locale !== language.locale) await language.use(me.person.locale);
  }

  /** The login is over, by this person's wish or not. */
  leave(): void {
    this.following?.close();
    this.following = null;
    this.me = null;
    live.reset();
  }

  async signOut(): Promise<void> {
    await api.post('/api/sign-out');
    this.leave();
  }

  async refresh(): Promise<void> {
    this.me = await api.get<Me>('/api/me');
  }

  async setLocale(locale: Locale): Promise<void> {
    await language.use(locale);
    preferences.rememberLocale(locale);
    if (this.me) this.me = await api.patch<Me>('/api/me', { locale });
  }

  /** Roles and teams given or taken while the page is open. */
  private listen(person: string): void {
    this.following = follow<Me & { position?: never }>(live, {
      channel: `person:${person}`,
      headFirst: true,
      load: (signal) => api.get<Me>('/api/me', { signal }) as Promise<Me & { position?: never }>,
      reset: (me) => (this.me = me),
      publication: ({ name }) => {
        if (/^(role|membership)\.changed$/.test(name)) this.refresh().catch(() => {}); // without a login the frame shows the door
      },
    });
  }
}

export const account = new Account();

api.onLoginNeeded = () => {
  if (account.signedIn) account.leave();
};
