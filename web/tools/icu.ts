/**
 * ICU messages, compiled: each text becomes a constant or a small function over Intl, so the browser
 * carries no parser. Used by the Vite plugin, by the generator of key types, and by the tests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, TYPE, type MessageFormatElement } from '@formatjs/icu-messageformat-parser';

export const LOCALES = ['ar', 'en'] as const;
export type Locale = (typeof LOCALES)[number];
/** area -> key within the area -> ICU text */
export type Words = Record<string, Record<string, string>>;

/** Plural forms a language needs, as CLDR names them. */
export const PLURAL_FORMS: Record<Locale, readonly string[]> = {
  ar: ['zero', 'one', 'two', 'few', 'many', 'other'],
  en: ['one', 'other'],
};

export function readWords(folder: string, locale: Locale): Words {
  const words: Words = {};
  for (const file of readdirSync(join(folder, locale)).sort()) {
    if (!file.endsWith('.json')) continue;
    words[file.slice(0, -5)] = JSON.parse(readFileSync(join(folder, locale, file), 'utf8')) as Record<string, string>;
  }
  return words;
}

/** What `t` must be given for this message, as TypeScript types by argument name. */
export function argumentsOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (nodes: MessageFormatElement[]): void => {
    for (const node of nodes) {
      if (node.type === TYPE.argument && !found.has(node.value)) found.set(node.value, 'string | number');
      if (node.type === TYPE.number || node.type === TYPE.plural) found.set(node.value, 'number');
      if (node.type === TYPE.select) {
        const choices = Object.keys(node.options).filter((choice) => choice !== 'other');
        found.set(node.value, [...choices.map((choice) => JSON.stringify(choice)), '(string & {})'].join(' | '));
      }
      if (node.type === TYPE.plural || node.type === TYPE.select) {
        for (const option of Object.values(node.options)) walk(option.value);
      }
    }
  };
  walk(parse(text));
  return found;
}

/** The plural forms written in a message, one list per plural in it (exact `=0` forms left out). */
export function pluralsOf(text: string): string[][] {
  const found: string[][] = [];
  const walk = (nodes: MessageFormatElement[]): void => {
    for (const node of nodes) {
      if (node.type !== TYPE.plural && node.type !== TYPE.select) continue;
      if (node.type === TYPE.plural) found.push(Object.keys(node.options).filter((form) => !form.startsWith('=')));
      for (const option of Object.values(node.options)) walk(option.value);
    }
  };
  walk(parse(text));
  return found;
}

/** A JavaScript expression: a string, or `(a,f)=>string` with `f` the run-time of src/i18n/index. */
export function compile(text: string): string {
  const nodes = parse(text);
  if (nodes.every((node) => node.type === TYPE.literal)) return JSON.stringify(literal(nodes));
  return `(a,f)=>${glue(nodes, null)}`;
}

function literal(nodes: MessageFormatElement[]): string {
  return nodes.map((node) => (node.type === TYPE.literal ? node.value : '')).join('');
}

function glue(nodes: MessageFormatElement[], hash: string | null): string {
  if (nodes.length === 0) return '""';
  return nodes.map((node) => expression(node, hash)).join('+');
}

function expression(node: MessageFormatElement, hash: string | null): string {
  switch (node.type) {
    case TYPE.literal:
      return JSON.stringify(node.value);
    case TYPE.argument:
      return `f.s(a.${node.value})`;
    case TYPE.number:
      return `f.n(a.${node.value})`;
    case TYPE.pound:
      if (hash === null) throw new Error('# outside a plural');
      return `f.n(a.${hash})`;
    case TYPE.plural: {
      if (node.offset) throw new Error('plural offset is not supported');
      const forms = Object.entries(node.options)
        .map(([form, option]) => `${JSON.stringify(form)}:()=>${glue(option.value, node.value)}`)
        .join(',');
      return `f.p(a.${node.value},{${forms}})`;
    }
    case TYPE.select: {
      const forms = Object.entries(node.options)
        .map(([form, option]) => `${JSON.stringify(form)}:()=>${glue(option.value, hash)}`)
        .join(',');
      return `f.c(a.${node.value},{${forms}})`;
    }
    default:
      throw new Error(`this ICU form is not supported: ${JSON.stringify(node)}`);
  }
}

export function compileArea(words: Record<string, string>): string {
  const lines = Object.entries(words).map(([key, text]) => `${JSON.stringify(key)}:${compile(text)}`);
  return `export default {${lines.join(',\n')}};`;
}

/** The typed table of all keys, from the Arabic texts (the first language). */
export function keyTypes(words: Words): string {
  const lines = ['// Written by tools/words.ts from messages/ar. Not for editing.', 'export interface WordArguments {'];
  for (const [area, texts] of Object.entries(words)) {
    for (const [key, text] of Object.entries(texts)) {
      const needed = [...argumentsOf(text)].map(([name, type]) => `${name}: ${type}`).join('; ');
      lines.push(`  ${JSON.stringify(`${area}.${key}`)}: ${needed ? `{ ${needed} }` : 'null'};`);
    }
  }
  lines.push('}', `export type Area = ${Object.keys(words).map((area) => JSON.stringify(area)).join(' | ')};`, '');
  return lines.join('\n');
}
