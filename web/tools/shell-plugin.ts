/**
 * Vite plugin for the HTML shell. At build: the entry's CSS goes inline (one round trip to the first paint),
 * the notes for the server's author are taken out, and a table beside it (chunks.json) tells the server which
 * chunks an address and language will need, so that they load beside the entry and not after it.
 * In development: the placeholders get harmless values.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

type Bundle = Record<string, { type: string; fileName: string } & Record<string, unknown>>;

const DEV_VALUES: Record<string, string> = {
  lang: 'ar', dir: 'rtl', title: 'ملتقى', description: '', nonce: '', boot: 'null', head: '', reading: '', preload: '',
};

export function shellPlugin(): Plugin {
  let building = false;
  let chunks: Chunks | null = null;
  return {
    name: 'multaqa-shell',
    configResolved(config) {
      building = config.command === 'build';
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, context) {
        const clean = html.replace(/<!--\s*NOTES[\s\S]*?-->\n?/, '');
        if (!building || !context.bundle) {
          return clean.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => DEV_VALUES[name] ?? whole);
        }
        const bundle = context.bundle as unknown as Bundle;
        chunks = chunkTable(bundle);
        return inlineCss(clean, bundle);
      },
    },
    writeBundle({ dir }) {
      if (chunks) writeFileSync(join(dir!, 'chunks.json'), JSON.stringify(chunks));
    },
  };
}

function inlineCss(html: string, bundle: Bundle): string {
  return html.replace(/<link rel="stylesheet"[^>]*href="\/([^"]+\.css)"[^>]*>/g, (_, file: string) => {
    const asset = bundle[file];
    if (!asset) throw new Error(`${file} is not in the bundle`);
    return `<style nonce="{{nonce}}">${String(asset.source).trim()}</style>`;
  });
}

/** What tools/budget.ts and the server read: files of assets by number, so that each name stands in it once. */
export interface Chunks {
  files: string[];
  routes: [pattern: string, files: number[], areas: string[]][];
  words: Record<string, Record<string, number[]>>;
}

function chunkTable(bundle: Bundle): Chunks {
  const names: string[] = [];
  const numbers = (files: string[]): number[] =>
    files.map((file) => (names.includes(file) ? names.indexOf(file) : names.push(file) - 1));
  const chunks = Object.values(bundle).filter((item) => item.type === 'chunk');
  // A chunk is asked for with all that it needs, however deep: what is found out later costs a turn of the line.
  const needs = (file: string, found = new Set<string>()): Set<string> => {
    const chunk = chunks.find((item) => item.fileName === file);
    if (!chunk || found.has(file)) return found;
    found.add(file);
    for (const name of chunk.imports as string[]) needs(name, found);
    for (const name of (chunk.viteMetadata as { importedCss?: Set<string> } | undefined)?.importedCss ?? []) found.add(name);
    return found;
  };
  const here = new Set(chunks.filter((item) => item.isEntry).flatMap((item) => [...needs(item.fileName)]));
  const files = (ending: string): string[] => {
    const chunk = chunks.find((item) => String(item.facadeModuleId ?? '').endsWith(ending));
    return chunk ? [...needs(chunk.fileName)].filter((name) => !here.has(name)) : [];
  };
  const row = /path: '([^']+)'[^}]*?words: \[([^\]]*)\][^}]*?import\('~\/([^']+)'\)/g;
  const table = (name: string, also: string[]): Chunks['routes'] =>
    [...readFileSync(new URL(`../src/${name}`, import.meta.url), 'utf8').matchAll(row)].map(([, path, areas, module]) => [
      `^${path!.replace(/:\w+/g, '[^/]+')}$`,
      numbers([...also, ...files(`/src/${module}`)]),
      areas!.split(',').map((area) => area.trim().replaceAll("'", '')).filter(Boolean),
    ]);
  // Every page but the stage needs the whole table first.
  const routes = [...table('first.ts', []), ...table('routes.ts', files('/src/routes.ts'))];
  const words: Chunks['words'] = {};
  for (const chunk of chunks) {
    const [, locale, area] = /virtual:words\/(\w+)(?:\/(\w+))?$/.exec(String(chunk.facadeModuleId ?? '')) ?? [];
    // A language's map of its areas comes with the texts that every page needs.
    if (locale) ((words[locale] ??= {})[area ?? 'core'] ??= []).push(...numbers([chunk.fileName]));
  }
  return { files: names.map((name) => name.replace(/^assets\//, '')), routes, words };
}
