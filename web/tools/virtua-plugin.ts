/**
 * Vite plugin: virtua's rows are plain `div`s. It lets its users choose the element and spread attributes on
 * it; we do neither, and the run-time for both would go into everybody's first load (2 KB gzipped).
 */
import type { Plugin } from 'vite';

const EDITS: Record<string, [from: string, to: string][]> = {
  'Virtualizer.svelte': [['<svelte:element this={as} bind', '<div bind'], ['</svelte:element>', '</div>']],
  'ListItem.svelte': [['<svelte:element this={as} bind', '<div bind'], [' {...itemRest}>', '>'], ['</svelte:element>', '</div>']],
};

export function virtuaPlugin(): Plugin {
  return {
    name: 'multaqa-virtua',
    enforce: 'pre',
    transform(code, id) {
      const edits = EDITS[/virtua\/lib\/svelte\/(\w+\.svelte)$/.exec(id)?.[1] ?? ''];
      if (!edits) return null;
      let text = code;
      for (const [from, to] of edits) {
        if (text.split(from).length !== 2) throw new Error(`${id}: «${from}» is not there once, as in the pinned version`);
        text = text.replace(from, to);
      }
      return { code: text, map: null };
    },
  };
}
