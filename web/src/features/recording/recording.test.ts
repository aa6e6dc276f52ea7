import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Api } from '~/net/api';
import type { Recording } from '~/net/shapes';
import type { LiveClient } from '~/net/socket';
import { Behind } from './Behind.svelte';
import { RecordingStore } from './RecordingStore.svelte';

describe('Behind', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('comes by itself within six seconds when no live picture does, and goes when one does', () => {
    const behind = new Behind();
    behind.look(true, 'connecting');
    vi.advanceTimersByTime(3_000);
    expect(behind.on).toBe(false);
    behind.look(true, 'reconnecting');
    vi.advanceTimersByTime(3_000);
    expect(behind.on).toBe(true);
    behind.look(true, 'connected');
    expect(behind.on).toBe(false);
  });

  it('comes at once when the server lets nobody else in', () => {
    const behind = new Behind();
    behind.look(true, 'refused');
    expect(behind.on).toBe(true);
  });

  it('comes at once when the line is full, and goes when there is room again', () => {
    const behind = new Behind();
    behind.look(true, 'connecting', true);
    expect(behind.on).toBe(true);
    behind.look(true, 'connected', false);
    expect(behind.on).toBe(false);
  });

  it('stays where the live connection stands but its pictures cannot be shown', () => {
    const behind = new Behind();
    behind.look(true, 'connected', true);
    behind.toNow('connected');
    expect(behind.on).toBe(true);
    behind.look(true, 'connected', false);
    expect(behind.on).toBe(false);
  });

  it('never comes while there is nothing to play', () => {
    const behind = new Behind();
    behind.look(false, 'connecting');
    vi.advanceTimersByTime(60_000);
    expect(behind.on).toBe(false);
  });

  it('leaves who went back in time where they are', () => {
    const behind = new Behind();
    behind.look(true, 'connected');
    behind.goBack();
    behind.look(true, 'connected');
    expect(behind.on).toBe(true);
    behind.toNow('connected');
    expect(behind.on).toBe(false);
  });
});

describe('RecordingStore', () => {
  const recording = (changes: Partial<Recording>): Recording => ({
    id: 'r', session_id: 's', state: 'finishing', started_at: '2026-11-21T10:00:00Z', duration_ms: 0, size: 0, url: null, type: null, version: 1, ...changes,
  });

  it('keeps the newest version, and what was deleted deleted', () => {
    const store = new RecordingStore('s', {} as Api, {} as LiveClient);
    store.apply({ name: 'recording.changed', data: { recording: recording({}) } });
    expect([store.coming, store.ready.length]).toEqual([true, 0]);
    const ready = recording({ state: 'ready', url: '/recorded/x/programme.mp4', version: 2 });
    store.apply({ name: 'recording.changed', data: { recording: ready } });
    store.apply({ name: 'recording.changed', data: { recording: recording({}) } });
    expect(store.ready).toEqual([ready]);
    store.apply({ name: 'recording.deleted', data: { recording_id: 'r' } });
    store.apply({ name: 'recording.changed', data: { recording: ready } });
    expect(store.recordings).toEqual([]);
  });
});
