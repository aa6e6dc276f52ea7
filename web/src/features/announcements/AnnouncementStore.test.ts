import { describe, expect, it } from 'vitest';
import type { Announcement } from '~/net/shapes';
import { AnnouncementStore, applied } from './AnnouncementStore.svelte';

const NOW = new Date('2026-11-21T10:00:00Z');

function announcement(id: string, more: Partial<Announcement> = {}): Announcement {
  return {
    id, conference_id: 'c', session_id: null, role: null, texts: { ar: 'نص', en: '' }, at: `2026-11-21T09:0${id}:00Z`,
    ends_at: null, withdrawn: false, version: 1, ...more,
  };
}

describe('announcements', () => {
  it('come once, go when withdrawn, and do not come back', () => {
    const made = { name: 'announcement.made', data: { announcement: announcement('1') } };
    const once = applied(applied([], made), made);
    expect(once.map(({ id }) => id)).toEqual(['1']);
    expect(applied(once, { name: 'announcement.withdrawn', data: { announcement_id: '1' } })).toEqual([]);
    expect(applied([], { name: 'announcement.made', data: { announcement: announcement('1', { withdrawn: true }) } })).toEqual([]);
  });

  it('are shown to those they are for, until put away or over', () => {
    const store = new AnnouncementStore('c');
    store.all = [
      announcement('1'), announcement('2', { session_id: 's' }), announcement('3', { role: 'attendee' }),
      announcement('4', { ends_at: '2026-11-21T09:59:00Z' }), announcement('5'),
    ];
    store.crew = [announcement('6', { role: 'speaker' })];
    store.read = new Set(['5']);
    const shown = (role: 'attendee' | 'speaker', session: string | null): string[] => store.shown(role, session, NOW).map(({ id }) => id);
    expect(shown('attendee', null)).toEqual(['3', '1']);
    expect(shown('attendee', 's')).toEqual(['3', '2', '1']);
    expect(shown('speaker', null)).toEqual(['6', '1']);
  });
});
