/** What makes a drawn board answer: finding, menus, keys, columns. Small, and fetched before all cards of a large board. */
export { default as BoardTools } from './BoardTools.svelte';
export { archiveColumn, placeColumn, stepColumn } from './columns';
export { pressed } from './keys';
