/**
 * Text for the last row is as large as its place allows, and no larger: what stands in an element is made smaller
 * by steps until all of it is inside its parent, and large again when there is room.
 */
const LEAST = 0.3;
const TRIES = 7;

export function fitted(element: HTMLElement): () => void {
  const room = element.parentElement!;
  const over = (): boolean => room.scrollHeight > room.clientHeight + 1 || room.scrollWidth > room.clientWidth + 1;
  const set = (share: number): void => element.style.setProperty('--fit', String(share));
  const fit = (): void => {
    set(1);
    if (!over()) return;
    let [small, large] = [LEAST, 1];
    for (let at = 0; at < TRIES; at++) {
      const middle = (small + large) / 2;
      set(middle);
      if (over()) large = middle;
      else small = middle;
    }
    set(small);
  };
  const sized = new ResizeObserver(fit);
  sized.observe(room);
  const changed = new MutationObserver(fit);
  changed.observe(element, { childList: true, characterData: true, subtree: true });
  document.fonts?.addEventListener('loadingdone', fit);
  return () => {
    sized.disconnect();
    changed.disconnect();
    document.fonts?.removeEventListener('loadingdone', fit);
  };
}
