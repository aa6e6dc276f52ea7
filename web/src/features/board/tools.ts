/** What makes a drawn board answer: finding, menus, keys, columns, what waits. Small, and fetched before all cards of a large board. */
export { default as BoardSync } from './BoardSync.svelte';
export { default as BoardTools } from './BoardTools.svelte';
export { archiveColumn, placeColumn, stepColumn } from './columns';
export { pressed } from './keys';
export { default as Naming } from './Naming.svelte';
export { archive, counted, faces } from './own';
export { step } from './steps';
