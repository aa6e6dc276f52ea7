/** The log as a file that spreadsheets open: a cell that begins like a formula is kept a text (OWASP, CSV injection). */
import type { AuditEntry } from '~/net/shapes';

const HEAD = ['at', 'actor', 'action', 'person', 'session', 'undone_at', 'undone_by'];

export function asCsv(entries: readonly AuditEntry[], said: (entry: AuditEntry) => string): string {
  const rows = entries.map((entry) => [
    entry.at, entry.actor?.name ?? '', said(entry), entry.person?.name ?? '', entry.session ?? '', entry.undone_at ?? '', entry.undone_by?.name ?? '',
  ]);
  return `\ufeff${[HEAD, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

export function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
