/** Writes src/i18n/words.gen.ts, the typed list of message keys. Run before svelte-check and vitest. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyTypes, readWords } from './icu.ts';

const web = join(dirname(fileURLToPath(import.meta.url)), '..');
export const MESSAGES = join(web, 'messages');
const TARGET = join(web, 'src/i18n/words.gen.ts');

export function writeKeyTypes(): void {
  const text = keyTypes(readWords(MESSAGES, 'ar'));
  if (!existsSync(TARGET) || readFileSync(TARGET, 'utf8') !== text) writeFileSync(TARGET, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeKeyTypes();
