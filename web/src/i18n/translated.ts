/** Titles and descriptions of conferences and sessions in the reader's language where there is one, else as first written. */
export interface Translated { title: string; description: string; translations: Record<string, { title: string; description: string }> }

export function wordsOf(row: Translated, locale: string): { title: string; description: string } {
  const own = row.translations[locale];
  return own ? { title: own.title, description: own.description || row.description } : row;
}

/** The same of rows that carry their titles alone. */
export function titleOf(row: { title: string; titles: Record<string, string> }, locale: string): string {
  return row.titles[locale] ?? row.title;
}
