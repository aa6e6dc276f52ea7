/**
 * Keeps Multaqa's shell for when there is no network: one HTML page and the built files, whose names never change
 * their content. API answers, streams and everything else go straight to the network. It takes over at once, which
 * breaks no open page: files of the build before stay until the next one but one.
 */
const SHELL = 'shell-1';
const FILES = 'files-';
const SHELL_KEY = '/';
const KEPT_BUILDS = 2;
/** A line that hangs says neither yes nor no: whoever has waited this long is shown what is kept. */
const PATIENCE_MS = 4_000;
/** What a proxy says for a server that is not there. */
const AWAY = [502, 503, 504];

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  if (event.data?.do === 'keep') event.waitUntil(keep(event.data.files));
  if (event.data?.do === 'forget') event.waitUntil(forget());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (pathname.startsWith('/assets/')) event.respondWith(file(request));
  else if (request.mode === 'navigate' && !/^\/(api|whip|whep|files|hls)\//.test(pathname)) event.respondWith(page(request));
});

/** The shell as the server fills it for who is signed in, and the files of its build. */
async function keep(files) {
  const answer = await fetch(SHELL_KEY, { credentials: 'same-origin', cache: 'no-store' });
  if (!answer.ok || answer.redirected) return;
  const text = await answer.clone().text();
  const build = /"build":\s*"([^"]*)"/.exec(text)?.[1] || 'unknown';
  const cache = await caches.open(FILES + build);
  const needed = new Set([...files, ...[...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name]) => name)]);
  await Promise.all([...needed].map(async (name) => {
    if (await caches.match(name)) return;
    await cache.add(name).catch(() => {});
  }));
  // Last: a shell that is kept has all that it needs.
  await (await caches.open(SHELL)).put(SHELL_KEY, answer);
  const builds = (await caches.keys()).filter((name) => name.startsWith(FILES));
  // Oldest first: a cache stands where it was made.
  await Promise.all(builds.slice(0, Math.max(0, builds.length - KEPT_BUILDS)).filter((name) => name !== FILES + build).map((name) => caches.delete(name)));
}

async function forget() {
  await caches.delete(SHELL);
}

/** Built files: from here when they are here. Those loaded later by an open page join them. */
async function file(request) {
  const known = await caches.match(request, { ignoreVary: true });
  if (known) return known;
  const answer = await fetch(request);
  const builds = (await caches.keys()).filter((name) => name.startsWith(FILES));
  if (answer.ok && builds.length > 0) await (await caches.open(builds.at(-1))).put(request, answer.clone());
  return answer;
}

/** Pages: from the network; where it is gone, hangs or finds no server, the shell, which then draws what the browser keeps. */
async function page(request) {
  const answer = fetch(request);
  answer.catch(() => {}); // looked at below, or too late to matter
  const shell = await caches.match(SHELL_KEY, { cacheName: SHELL, ignoreVary: true });
  if (!shell) return answer;
  const waited = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, shell));
  const told = await Promise.race([answer.catch(() => shell), waited]);
  return AWAY.includes(told.status) ? shell : told;
}
