import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { language } from '~/i18n/t.svelte';
import { ApiError } from '~/net/api';
import Avatar from './Avatar.svelte';
import Bdi from './Bdi.svelte';
import { Attempt } from './form.svelte';
import Tabs from './Tabs.svelte';
import { toasts } from './toasts.svelte';

afterEach(cleanup);
beforeEach(() => language.use('ar'));

describe('Bdi', () => {
  it.each([['مرحبا', 'rtl'], ['Sara', 'ltr'], ['123 👏', 'rtl']])('%s stands in its own direction', (text, direction) => {
    const { container } = render(Bdi, { text });
    expect(container.querySelector('bdi')).toMatchObject({ dir: direction, textContent: text });
  });
});

describe('Avatar', () => {
  it.each([['هدى', 'ه'], ['  (سالم)', 'س'], ['', '؟'], ['👏', '؟']])('of %j shows %s and is no text for screen readers', (name, letter) => {
    const { container } = render(Avatar, { person: { id: '1', name } });
    expect([container.textContent?.trim(), container.firstElementChild?.getAttribute('aria-hidden')]).toEqual([letter, 'true']);
  });
});

describe('Tabs', () => {
  const tabs = ['one', 'two', 'three'].map((id) => ({ id, label: id }));
  const chosen = (): string | null => screen.getByRole('tab', { selected: true }).textContent;
  const press = (key: string): Promise<unknown> => fireEvent.keyDown(screen.getByRole('tablist'), { key });

  it('go with the reading direction: left is on in Arabic, and round at the end', async () => {
    render(Tabs, { tabs, active: 'one', label: 'x', base: 'x' });
    await press('ArrowLeft');
    expect(chosen()).toBe('two');
    await press('ArrowRight');
    await press('ArrowRight');
    expect(chosen()).toBe('three');
  });

  it('go to the right in English, and to both ends', async () => {
    await language.use('en');
    render(Tabs, { tabs, active: 'one', label: 'x', base: 'x' });
    await press('ArrowRight');
    expect(chosen()).toBe('two');
    await press('End');
    expect([chosen(), document.activeElement?.textContent?.trim()]).toEqual(['three', 'three']);
    await press('Home');
    expect(chosen()).toBe('one');
  });

  it('let only the chosen one be reached by Tab', () => {
    render(Tabs, { tabs, active: 'two', label: 'x', base: 'x' });
    expect(screen.getAllByRole('tab').map((tab) => tab.tabIndex)).toEqual([-1, 0, -1]);
  });
});

describe('Attempt', () => {
  it('tells sentence and fields of a refusal, and forgets them at the next try', async () => {
    const attempt = new Attempt();
    const refusal = new ApiError(422, 'input.unusable', 'انظر ثانية.', { title: 'طويل.' });
    expect(await attempt.run(() => Promise.reject(refusal))).toBe(false);
    expect([attempt.fault, attempt.code, attempt.fields]).toEqual(['انظر ثانية.', 'input.unusable', { title: 'طويل.' }]);
    expect(await attempt.run(() => Promise.resolve())).toBe(true);
    expect([attempt.fault, attempt.code, attempt.fields, attempt.busy]).toEqual([null, null, {}, false]);
  });

  it('runs once however often the button is pressed', async () => {
    const attempt = new Attempt();
    const work = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve)));
    const tries = [attempt.run(work), attempt.run(work), attempt.run(work)];
    expect([await Promise.all(tries), work.mock.calls.length]).toEqual([[true, false, false], 1]);
  });
});

describe('toasts', () => {
  it('say a thing once, keep the newest three, and go by themselves', () => {
    vi.useFakeTimers();
    for (const text of ['a', 'b', 'b', 'c', 'd']) toasts.say(text);
    expect(toasts.list.map(({ text }) => text)).toEqual(['b', 'c', 'd']);
    vi.advanceTimersByTime(5_000);
    expect(toasts.list).toEqual([]);
    vi.useRealTimers();
  });
});
