// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { Editing } from './Editing.svelte';

let now = { text: 'old', base: 3 };
const field = (place = ''): Editing => new Editing(() => now, place);

describe('Editing', () => {
  beforeEach(() => {
    localStorage.clear();
    now = { text: 'old', base: 3 };
  });

  it('writes over what was there when it began', () => {
    const title = field();
    title.begin();
    title.text = ' mine ';
    now = { text: 'theirs', base: 4 };
    expect([title.text, title.newer]).toEqual([' mine ', true]);
    expect(title.end()).toEqual({ text: 'mine', base: 3 });
    expect(title.text).toBe('theirs');
  });

  it('sends nothing when nothing was written, whatever others did meanwhile', () => {
    const title = field();
    title.begin();
    now = { text: 'theirs', base: 4 };
    expect(title.text).toBe('old');
    expect(title.end()).toBeNull();
    title.text = 'theirs';
    expect(title.end()).toBeNull();
  });

  it('offers what an earlier visit left, and sends it only when it is taken up', () => {
    field('title:1').text = 'left';
    now = { text: 'theirs', base: 4 };
    const opened = field('title:1');
    opened.begin();
    expect([opened.text, opened.end(), field('title:1').left?.text]).toEqual(['theirs', null, 'left']);
    opened.begin(opened.left);
    expect(opened.end()).toEqual({ text: 'left', base: 3 });
    expect(field('title:1').left).toBeNull();
  });
});
