/** What a chat is drawn with once the page works. */
export { default as Aid } from './Aid.svelte';
export { default as Bar } from './Bar.svelte';
export { default as Body } from './Body.svelte';
export { default as Dialogs } from './Dialogs.svelte';
export { default as Foot } from './Foot.svelte';
export { default as Menu } from '~/ui/Menu.svelte';
export { default as Quote } from './Quote.svelte';
