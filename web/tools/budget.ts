/** Holds the first-load budgets, in gzipped KB of what a browser really fetches. Run after `npm run build`. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Chunks } from './shell-plugin.ts';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist');
const KB = 1024;


const html = readFileSync(join(dist, 'index.html'), 'utf8');
const chunks = JSON.parse(readFileSync(join(dist, 'chunks.json'), 'utf8')) as Chunks;
/** The table's numbers as files of dist. */
const named = (numbers: number[]): string[] => numbers.map((at) => `assets/${chunks.files[at]}`);
const entry = [/<script type="module"[^>]*src="\/([^"]+)"/.exec(html)![1]!];
const preloaded = [...html.matchAll(/<link rel="modulepreload"[^>]*href="\/([^"]+)"/g)].map((found) => found[1]!);

function size(file: string): number {
  return gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / KB;
}

/** The static imports of a chunk, all the way down. */
function withImports(files: string[]): Set<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    if (!file.endsWith('.js')) return;
    for (const [, name] of readFileSync(join(dist, file), 'utf8').matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) visit(`assets/${name}`);
  };
  files.forEach(visit);
  return found;
}

function sum(files: Iterable<string>, ending: string): number {
  return [...files].filter((file) => file.endsWith(ending)).reduce((total, file) => total + size(file), 0);
}

function firstLoad(path: string): Set<string> {
  const [, files, areas] = chunks.routes.find(([pattern]) => new RegExp(pattern).test(path))!;
  const words = ['core', ...areas].flatMap((area) => named(chunks.words.ar?.[area] ?? []));
  return withImports([...entry, ...preloaded, ...named(files), ...words]);
}

// The table of all addresses comes once, before the first page that is not the stage.
const [, ...others] = chunks.routes.map(([, files]) => new Set(files));
const everywhere = [...(others[0] ?? [])].filter((at) => others.every((files) => files.has(at)));
const base = withImports([...entry, ...preloaded, ...named(everywhere)]);
const rows: [name: string, kb: number, budget: number][] = [['shell with inline CSS', size('index.html'), 6]];

function page(name: string, path: string, budget: number): void {
  if (!chunks.routes.some(([pattern]) => new RegExp(pattern).test(path))) return;
  const files = firstLoad(path);
  rows.push([`JS to ${name}`, sum(files, '.js'), budget], [`CSS to ${name} (beside the inline)`, sum(files, '.css'), 8]);
}
page('attendee stage', '/s/x', 45);
page('programme', '/c/x', 52);
page('landing', '/', 45);

for (const [pattern, files] of chunks.routes) {
  const own = [...withImports(named(files))].filter((file) => !base.has(file));
  rows.push([`lazy route ${pattern}`, sum(own, '.js'), 20]);
}
for (const [locale, areas] of Object.entries(chunks.words)) {
  for (const [area, files] of Object.entries(areas)) rows.push([`texts ${locale}/${area}`, sum(named(files), '.js'), 8]);
}
for (const file of readdirSync(join(dist, 'assets'))) {
  if (file.endsWith('.woff2')) rows.push([`font ${file.split('-wght')[0]}`, readFileSync(join(dist, 'assets', file)).length / KB, 46]);
}

let over = 0;
for (const [name, kb, budget] of rows) {
  const held = kb <= budget;
  if (!held) over++;
  console.log(`${held ? 'ok  ' : 'OVER'} ${kb.toFixed(1).padStart(6)} / ${String(budget).padStart(3)} KB  ${name}`);
}
process.exitCode = over > 0 ? 1 : 0;
