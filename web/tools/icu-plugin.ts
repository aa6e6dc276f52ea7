/**
 * Vite plugin: `virtual:words/<locale>/<area>` is the compiled table of messages/<locale>/<area>.json,
 * `virtual:words/<locale>` maps areas to their lazy imports, and `virtual:words` locales to these maps: the
 * files of the other language are nobody's first load.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plugin } from 'vite';
import { compileArea, LOCALES, readWords, type Locale } from './icu.ts';
import { MESSAGES, writeKeyTypes } from './words.ts';

const PREFIX = 'virtual:words';

export function icuPlugin(): Plugin {
  return {
    name: 'multaqa-words',
    buildStart() {
      writeKeyTypes();
      for (const locale of LOCALES) {
        for (const file of readdirSync(join(MESSAGES, locale))) this.addWatchFile(join(MESSAGES, locale, file));
      }
    },
    resolveId(id) {
      return id === PREFIX || id.startsWith(`${PREFIX}/`) ? `\0${id}` : null;
    },
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return null;
      const [, locale, area] = id.split('/');
      if (!locale) return index();
      if (!area) return areas(locale as Locale);
      const words = readWords(MESSAGES, locale as Locale)[area];
      if (!words) throw new Error(`no messages for ${locale}/${area}`);
      return compileArea(words);
    },
    handleHotUpdate({ file, server }) {
      if (!file.startsWith(MESSAGES)) return;
      writeKeyTypes();
      for (const module of server.moduleGraph.idToModuleMap.values()) {
        if (module.id?.endsWith(`/${basename(file, '.json')}`)) server.moduleGraph.invalidateModule(module);
      }
      server.ws.send({ type: 'full-reload' });
    },
  };
}

function index(): string {
  return `export default {${LOCALES.map((locale) => `${locale}:()=>import('${PREFIX}/${locale}')`).join(',')}};`;
}

function areas(locale: Locale): string {
  const lines = Object.keys(readWords(MESSAGES, locale)).map((area) => `${JSON.stringify(area)}:()=>import('${PREFIX}/${locale}/${area}')`);
  return `export default {${lines.join(',')}};`;
}
