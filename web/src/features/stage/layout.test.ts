import { beforeEach, describe, expect, it } from 'vitest';
import type { Publisher } from '~/net/shapes';
import { besideOf, keepLayout, readLayout, shapeOf } from './layout';

const person = (id: string, kind: Publisher['kind'] = 'camera'): Publisher => ({ id, person: null, label: id, kind, audio: true, video: true, on_air: true, slot: 0, codec: null });
const panel = ['a', 'b', 'c'].map((id) => person(id));

beforeEach(() => localStorage.clear());

describe('layout', () => {
  it('goes by what is there, unless the viewer chose', () => {
    const screen = person('s', 'screen');
    const mains = (['auto', 'speaker', 'gallery'] as const).map((layout) => [panel, [...panel, screen]].map((people) => shapeOf(layout, people, 'b').main?.id ?? null));
    expect(mains).toEqual([[null, 's'], ['b', 's'], [null, null]]);
  });

  it('shows the first large until somebody has spoken, and one alone without frills', () => {
    expect([shapeOf('speaker', panel, 'gone').main?.id, shapeOf('speaker', panel.slice(0, 1), 'a').main]).toEqual(['a', null]);
  });

  it('brings in who speaks where only three are seen, and moves nobody else', () => {
    const others = ['a', 'b', 'c', 'd', 'e'];
    const said = (before: string[], ...speaking: string[]): string => besideOf(before, others, new Set(speaking)).join('');
    expect([said([]), said(['a', 'b', 'c'], 'b'), said(['a', 'b', 'c'], 'e', 'c'), said(['a', 'e', 'c']), said(['x', 'e'], 'd')]).toEqual(['abc', 'abc', 'aec', 'aec', 'ead']);
  });

  it('keeps what was chosen, and nothing that is no layout', () => {
    keepLayout('gallery');
    expect(readLayout()).toBe('gallery');
    localStorage.setItem('layout', 'sideways');
    expect(readLayout()).toBe('auto');
  });
});
