/**
 * Vite plugin: every `@lucide/svelte` icon becomes a plain static SVG. The package builds each one at run
 * time from data, through spread attributes and dynamic elements; that machinery alone is 4 KB gzipped.
 * Each goes into the chunk that draws it, twice if need be: 200 bytes cost less than a file of their own,
 * which on a slow line costs a turn of the connection.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);

const NAME = /^@lucide\/svelte\/icons\/([\w-]+)$/;
const ICON = /@lucide\/svelte\/dist\/icons\/[\w-]+\.svelte$/;
const OWN = 'virtual:icon/';
type Node = [tag: string, attributes: Record<string, string>];

export function iconsPlugin(): Plugin {
  return {
    name: 'multaqa-icons',
    enforce: 'pre',
    async resolveId(source, importer) {
      const name = NAME.exec(source)?.[1];
      if (!name || !importer) return null;
      const of = basename(importer.split('?')[0]!).replace(/\W/g, '_');
      return `${OWN}${of}/${name}.svelte`;
    },
    async load(id) {
      if (!id.startsWith(OWN)) return null;
      const file = require.resolve(`@lucide/svelte/icons/${basename(id, '.svelte')}`).replace(/\.js$/, '.svelte');
      if (!ICON.test(file)) throw new Error(`${file} is not where the pinned version kept it`);
      const data = /const iconData = (\{.*\});/.exec(await readFile(file, 'utf8'))?.[1];
      if (!data) throw new Error(`${file} has no icon data where it was in the pinned version`);
      return component((JSON.parse(data) as { node: Node[] }).node);
    },
  };
}

function component(nodes: Node[]): string {
  const shapes = nodes.map(([tag, attributes]) => {
    const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
    return `<${tag} ${written.join(' ')} />`;
  });
  return `<script>let { size = 24 } = $props();</script>
<svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shapes.join('')}</svg>`;
}
