declare module 'virtual:words' {
  import type { Area } from '~/i18n/words.gen';
  import type { Table } from '~/i18n/t.svelte';
  const index: Record<'ar' | 'en', () => Promise<{ default: Record<Area, () => Promise<{ default: Table }>> }>>;
  export default index;
}
