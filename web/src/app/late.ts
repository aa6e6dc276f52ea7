/** The parts of the frame that nobody needs to take part: one file, fetched once the page works. */
export { default as BottomBar } from './BottomBar.svelte';
export { default as ConnectionLine } from './ConnectionLine.svelte';
export { default as Missing } from './Missing.svelte';
export { default as TopTools } from './TopTools.svelte';
export { default as Toasts } from '~/ui/Toasts.svelte';
