/** What opens over the board, and its other views: one file, fetched once the board works. */
export { default as BoardTools } from './BoardTools.svelte';
export { default as CalendarView } from './CalendarView.svelte';
export { default as CardDialog } from './CardDialog.svelte';
export { default as ListView } from './ListView.svelte';
export { default as Panels } from './Panels.svelte';
export { archiveColumn, placeColumn, stepColumn } from './columns';
export { FileQueue } from './FileQueue.svelte';
export { pressed } from './keys';
export { loadOwn } from './own';
