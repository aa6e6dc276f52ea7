/** What opens over the board, and its other views: one file, fetched once the board answers to hands and keys. */
export { default as CalendarView } from './CalendarView.svelte';
export { default as CardDialog } from './CardDialog.svelte';
export { default as ListView } from './ListView.svelte';
export { default as Panels } from './Panels.svelte';
export { FileQueue } from './FileQueue.svelte';
export { loadOwn } from './own';
