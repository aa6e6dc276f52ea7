/**
 * Vite plugin: leaves out what libraries bring for uses that we do not make of them, and that would go into
 * everybody's first load. Each edit must fit once, as in the pinned version, else the build stops.
 *
 * virtua lets its users choose the element of its rows and spread attributes on it: 2 KB gzipped.
 * Svelte's spread attributes may meet a `<select>`, so each `setAttribute` brings its lists along: 0.6 KB.
 */
import type { Plugin } from 'vite';

const SPREAD_SELECT = `const noSelect = () => { throw new Error('spread attributes on <select> are left out of this build (tools/trim-plugin.ts)'); };
const init_select = noSelect, select_option = noSelect, set_default_select_value = noSelect, set_selected = noSelect;`;

const EDITS: [file: RegExp, edits: [from: string | RegExp, to: string][]][] = [
  [/virtua\/lib\/svelte\/Virtualizer\.svelte$/, [['<svelte:element this={as} bind', '<div bind'], ['</svelte:element>', '</div>']]],
  [/virtua\/lib\/svelte\/ListItem\.svelte$/, [['<svelte:element this={as} bind', '<div bind'], [' {...itemRest}>', '>'], ['</svelte:element>', '</div>']]],
  [/svelte\/src\/internal\/client\/dom\/elements\/attributes\.js$/, [[/import \{[^}]+\} from '\.\/bindings\/select\.js';/, SPREAD_SELECT]]],
];

export function trimPlugin(): Plugin {
  return {
    name: 'multaqa-trim',
    enforce: 'pre',
    transform(code, id) {
      const edits = EDITS.find(([file]) => file.test(id))?.[1];
      if (!edits) return null;
      let text = code;
      for (const [from, to] of edits) {
        if (text.split(from).length !== 2) throw new Error(`${id}: «${from}» is not there once, as in the pinned version`);
        text = text.replace(from, () => to);
      }
      return { code: text, map: null };
    },
  };
}
