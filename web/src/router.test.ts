import { beforeAll, expect, it } from 'vitest';
import { knowAll, match, router } from './router.svelte';

beforeAll(knowAll);

it.each([
  ['/', '/', {}], ['/s/9', '/s/:session_id', { session_id: '9' }], ['/c/7', '/c/:conference_id', { conference_id: '7' }], ['/c/7/', '/c/:conference_id', { conference_id: '7' }],
  ['/c/7/people', '/c/:conference_id/people', { conference_id: '7' }], ['/b/x', '/b/:board_id', { board_id: 'x' }],
])('%s', (path, route, params) => {
  const found = match(path);
  expect([found?.route.path, found?.params]).toEqual([route, params]);
});

it.each(['/nothing', '/c', '/c/1/2/3'])('%s is no page', (path) => expect(match(path)).toBeNull());

it('tells anew what the address asks for, except for what is after its #', async () => {
  history.replaceState(null, '', '/nowhere?message=1');
  await router.start();
  const back = (address: string): string => {
    history.replaceState(null, '', address);
    dispatchEvent(new PopStateEvent('popstate'));
    return router.page.search;
  };
  const before = router.page;
  expect([back('/nowhere?message=1#content'), router.page === before]).toEqual(['?message=1', true]);
  expect([back('/nowhere?message=2'), back('/nowhere')]).toEqual(['?message=2', '']);
});
