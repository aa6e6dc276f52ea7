/** What a chat gains once the page works: one file, fetched with the menu. */
export { default as Aid } from './Aid.svelte';
export { default as Bar } from './Bar.svelte';
export { default as Body } from './Body.svelte';
export { ChatExtras } from './ChatExtras.svelte';
export { default as Foot } from './Foot.svelte';
export { default as Menu } from '~/ui/Menu.svelte';
export { default as Quote } from './Quote.svelte';
export { choicesFor } from './choices';
