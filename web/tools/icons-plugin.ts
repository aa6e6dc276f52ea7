/**
 * Vite plugin: every `@lucide/svelte` icon becomes a plain static SVG. The package builds each one at run
 * time from data, through spread attributes and dynamic elements; that machinery alone is 4 KB gzipped.
 */
import type { Plugin } from 'vite';

const ICON = /@lucide\/svelte\/dist\/icons\/[\w-]+\.svelte$/;
type Node = [tag: string, attributes: Record<string, string>];

export function iconsPlugin(): Plugin {
  return {
    name: 'multaqa-icons',
    enforce: 'pre',
    transform(code, id) {
      if (!ICON.test(id)) return null;
      const data = /const iconData = (\{.*\});/.exec(code)?.[1];
      if (!data) throw new Error(`${id} has no icon data where it was in the pinned version`);
      return { code: component((JSON.parse(data) as { node: Node[] }).node), map: null };
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
