import { beforeAll, expect, it } from 'vitest';
import { knowAll, match } from './router.svelte';

beforeAll(knowAll);

it.each([
  ['/', '/', {}], ['/s/9', '/s/:session_id', { session_id: '9' }], ['/c/7', '/c/:conference_id', { conference_id: '7' }], ['/c/7/', '/c/:conference_id', { conference_id: '7' }],
  ['/c/7/people', '/c/:conference_id/people', { conference_id: '7' }], ['/b/x', '/b/:board_id', { board_id: 'x' }],
])('%s', (path, route, params) => {
  const found = match(path);
  expect([found?.route.path, found?.params]).toEqual([route, params]);
});

it.each(['/nothing', '/c', '/c/1/2/3'])('%s is no page', (path) => expect(match(path)).toBeNull());
