import { describe, expect, it, vi } from 'vitest';
import { Api } from '~/net/api';
import { at, FakeNetwork } from '~/net/fake';
import type { Conference, Session } from '~/net/shapes';
import { ConferenceStore } from './ConferenceStore.svelte';

const CONFERENCE: Conference = {
  id: 'c', title: 'ملتقى', description: '', locale: 'ar', zone: 'Asia/Riyadh', starts_on: null, ends_on: null, translations: {}, public: false, slug: null, version: 2,
};
const SESSION: Session = {
  id: 's', conference_id: 'c', title: 'جلسة', description: '', hall: '', track: '', kind: 'talk', translations: {}, note: '', language: 'ar', starts_at: '2026-11-21T08:00:00Z',
  ends_at: '2026-11-21T09:00:00Z', state: 'scheduled', speakers: [], live_since: null, card_ar: '', card_en: '', back_at: null, rehearsal_of: null, team_id: null, codec: '', record: false, version: 1,
};

async function opened(role: string): Promise<{ store: ConferenceStore; network: FakeNetwork; asked: string[] }> {
  const asked: string[] = [];
  const answers: Record<string, unknown> = {
    '/api/conferences/c': { position: at(1), conference: CONFERENCE, sessions: [SESSION], halls: [], tracks: [], speakers: [] },
    '/api/conferences/c/mine': { role, may: [], teams: [] },
    '/api/conferences/c/checklist': { items: [{ name: 'session', done: true }] },
  };
  const api = new Api((path) => {
    asked.push(String(path));
    return Promise.resolve(Response.json(answers[String(path)]));
  });
  const network = new FakeNetwork();
  const store = new ConferenceStore('c', api, network.client);
  store.open();
  await store.loadMine();
  await vi.waitFor(() => expect(store.conference).not.toBeNull());
  network.socket.hello().subscribed('conference:c', 1);
  return { store, network, asked };
}

describe('ConferenceStore', () => {
  it('shows a speaker’s new name', async () => {
    const { store, network } = await opened('attendee');
    const speakers = [{ id: 'p', name: 'قديم' }, { id: 'q', name: 'آخر' }];
    network.socket.publish('conference:c', 2, 'session.changed', { session: { ...SESSION, speakers, version: 2 } });
    network.socket.publish('conference:c', 3, 'speaker.changed', { speaker: { person: speakers[0], headline: '', bio: '', translations: {}, picture: null, version: 1 } });
    network.socket.publish('conference:c', 4, 'person.renamed', { person: { id: 'p', name: 'جديد' } });
    expect(store.sessions[0]!.speakers.map(({ name }) => name)).toEqual(['جديد', 'آخر']);
    expect(store.speakers.map(({ person }) => person.name)).toEqual(['جديد']);
  });

  it('draws sessions made and changed by anybody', async () => {
    const { store, network } = await opened('attendee');
    network.socket.publish('conference:c', 2, 'session.changed', { session: { ...SESSION, state: 'live', version: 2 } });
    network.socket.publish('conference:c', 3, 'session.created', { session: { ...SESSION, id: 'n', starts_at: '2026-11-21T07:00:00Z' } });
    expect(store.sessions.map(({ id, state }) => `${id} ${state}`)).toEqual(['n scheduled', 's live']);
  });

  it('keeps the newest version of the conference', async () => {
    const { store, network } = await opened('attendee');
    network.socket.publish('conference:c', 2, 'conference.changed', { conference: { ...CONFERENCE, title: 'جديد', version: 3 } });
    network.socket.publish('conference:c', 3, 'conference.changed', { conference: { ...CONFERENCE, title: 'قديم', version: 1 } });
    expect(store.conference!.title).toBe('جديد');
  });

  it('asks for the checklist again when something happened, for organisers only', async () => {
    const organiser = await opened('organiser');
    organiser.network.socket.publish('conference:c', 2, 'session.created', { session: SESSION });
    const attendee = await opened('attendee');
    attendee.network.socket.publish('conference:c', 2, 'session.created', { session: SESSION });
    const lists = (asked: string[]): number => asked.filter((path) => path.endsWith('/checklist')).length;
    expect([lists(organiser.asked), lists(attendee.asked)]).toEqual([2, 0]);
  });
});
