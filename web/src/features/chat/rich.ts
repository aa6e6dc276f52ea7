/**
 * Safe marks in people's words: bold, italic, code, lists, links, names. It builds pieces, never HTML; every
 * search for a closing mark looks ahead a bounded way, so that 20,000 brackets cost no more than 20,000 letters.
 */
import type { Person } from '~/net/shapes';
import { pieces } from './links';

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'name'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'strong'; inside: Inline[] }
  | { kind: 'em'; inside: Inline[] };
export type Block = { kind: 'text'; lines: Inline[][] } | { kind: 'code'; text: string } | { kind: 'list'; ordered: boolean; from: number; items: Inline[][] };

const LONGEST_MARK = 600;
const LONGEST_LABEL = 200;
const DEEPEST = 3;
const FENCE = '```';
const ITEM = /^\s{0,3}(?:([-*•])|([0-9\u0660-\u0669]{1,3})[.)])\s+(.*)$/u;
const MARKS = /[`*_[]/g;

export function blocks(text: string, named: readonly Person[] = []): Block[] {
  const found: Block[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const last = found.at(-1);
    const end = line.startsWith(FENCE) ? lines.indexOf(FENCE, at + 1) : -1;
    const item = ITEM.exec(line);
    if (end > at) {
      found.push({ kind: 'code', text: lines.slice(at + 1, end).join('\n') });
      at = end;
    } else if (item) {
      const ordered = item[2] !== undefined;
      const inside = inline(item[3]!, named);
      if (last?.kind === 'list' && last.ordered === ordered) last.items.push(inside);
      else found.push({ kind: 'list', ordered, from: ordered ? numberOf(item[2]!) : 1, items: [inside] });
    } else if (last?.kind === 'text') last.lines.push(inline(line, named));
    else if (line !== '' || found.length === 0) found.push({ kind: 'text', lines: [inline(line, named)] });
  }
  return found;
}

/** The words in one line without their marks, for a quote or a pin. */
export function bare(text: string): string {
  return text.replace(/[*`]+|\n/g, (mark) => (mark === '\n' ? ' ' : ''));
}

export function inline(text: string, named: readonly Person[] = [], depth = 0): Inline[] {
  const found: Inline[] = [];
  let plain = 0;
  const take = (from: number, to: number, piece: Inline): void => {
    found.push(...words(text.slice(plain, from), named), piece);
    plain = MARKS.lastIndex = to;
  };
  MARKS.lastIndex = 0;
  for (let mark = MARKS.exec(text); mark; mark = MARKS.exec(text)) {
    const at = mark.index;
    const sign = mark[0];
    const here = MARKS.lastIndex;
    if (sign === '`') {
      const end = ahead(text, '`', at + 1, LONGEST_MARK);
      if (end > at + 1) take(at, end + 1, { kind: 'code', text: text.slice(at + 1, end) });
    } else if (sign === '[') {
      const middle = ahead(text, '](', at + 1, LONGEST_LABEL);
      const end = middle < 0 ? -1 : ahead(text, ')', middle + 2, LONGEST_MARK);
      const href = end < 0 ? undefined : pieces(text.slice(middle + 2, end))[0]?.href;
      if (href && href.length === end - middle - 2 && middle > at + 1) take(at, end + 1, { kind: 'link', text: text.slice(at + 1, middle), href });
    } else if (depth < DEEPEST) {
      const long = text[at + 1] === sign;
      const edge = long ? sign + sign : sign;
      const from = at + edge.length;
      const end = opens(text, at, from) ? ahead(text, edge, from, LONGEST_MARK) : -1;
      if (end > from && closes(text, end, edge.length)) {
        const inside = inline(text.slice(from, end), named, depth + 1);
        take(at, end + edge.length, { kind: long ? 'strong' : 'em', inside });
      }
    }
    if (plain <= at) MARKS.lastIndex = Math.max(here, plain);
  }
  return [...found, ...words(text.slice(plain), named)];
}

function ahead(text: string, wanted: string, from: number, most: number): number {
  const at = text.slice(from, from + most).indexOf(wanted);
  return at < 0 ? -1 : from + at;
}

/** A mark opens before a letter and after a space or sign, and closes the other way: 2*3*4 is a sum. */
function opens(text: string, at: number, from: number): boolean {
  return !/[\p{L}\p{N}]/u.test(text[at - 1] ?? ' ') && /\S/.test(text[from] ?? ' ');
}

function closes(text: string, end: number, width: number): boolean {
  return /\S/.test(text[end - 1]!) && !/[\p{L}\p{N}]/u.test(text[end + width] ?? ' ');
}

function numberOf(digits: string): number {
  return Number(digits.replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) & 0xf)));
}

/** Plain words with addresses and the names of those who are spoken to. */
function words(text: string, named: readonly Person[]): Inline[] {
  if (text === '') return [];
  return pieces(text).flatMap<Inline>((piece) => (piece.href ? [{ kind: 'link', text: piece.text, href: piece.href }] : names(piece.text, named)));
}

function names(text: string, named: readonly Person[]): Inline[] {
  let rest: Inline[] = [{ kind: 'text', text }];
  for (const { name } of named) {
    const called = `@${name}`;
    rest = rest.flatMap((one) => {
      if (one.kind !== 'text' || !one.text.includes(called)) return [one];
      return one.text.split(called).flatMap((part, place): Inline[] => [
        ...(place > 0 ? [{ kind: 'name' as const, text: called }] : []), ...(part ? [{ kind: 'text' as const, text: part }] : []),
      ]);
    });
  }
  return rest;
}
