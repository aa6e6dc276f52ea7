/** What makes a drawn board answer: finding, menus, keys, columns, what waits. Small, and fetched before all cards of a large board. */
export { default as BoardSync } from './BoardSync.svelte';
export { default as BoardTools } from './BoardTools.svelte';
export { cardChoices, columnChoices } from './choices';
export { placeColumn } from './columns';
export { pressed } from './keys';
export { default as Naming } from './Naming.svelte';
export { counted, faces } from './own';
