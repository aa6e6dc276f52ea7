/** Vazirmatn, after the page works: text painted earlier would start its download beside the program's. */
export function loadFont(): void {
  const line = (navigator as { connection?: { saveData?: boolean } }).connection;
  if (line?.saveData) return;
  void import('~/styles/font.css')
    .then(() => document.fonts.load('1rem "Vazirmatn Variable"', 'ملتقى'))
    .then((faces) => faces.length > 0 && document.documentElement.classList.add('font-ready'))
    .catch(() => {});
}
