import { describe, expect, it } from 'vitest';
import { blocks, inline, type Inline } from './rich';

function flat(found: Inline[]): string {
  return found
    .map((one) => {
      if (one.kind === 'strong') return `<b>${flat(one.inside)}</b>`;
      if (one.kind === 'em') return `<i>${flat(one.inside)}</i>`;
      if (one.kind === 'code') return `<c>${one.text}</c>`;
      if (one.kind === 'link') return `<a ${one.href}>${one.text}</a>`;
      return one.kind === 'name' ? `<n>${one.text}</n>` : one.text;
    })
    .join('');
}

describe('inline marks', () => {
  it.each([
    ['**مهم** جدًا', '<b>مهم</b> جدًا'],
    ['*a* _b_ `c*d*`', '<i>a</i> <i>b</i> <c>c*d*</c>'],
    ['2*3*4 snake_case_name', '2*3*4 snake_case_name'],
    ['**bold *and* thin**', '<b>bold <i>and</i> thin</b>'],
    ['[here](https://example.org/a)', '<a https://example.org/a>here</a>'],
    ['[x](javascript:alert(1))', '[x](javascript:alert(1))'],
    ['see https://example.org/a_b_c.', 'see <a https://example.org/a_b_c>https://example.org/a_b_c</a>.'],
    ['<b>no</b> **', '<b>no</b> **'],
    ['** not bold **', '** not bold **'],
  ])('%s', (text, expected) => {
    expect(flat(inline(text))).toBe(expected);
  });

  it('marks the names of those who are spoken to', () => {
    expect(flat(inline('يا @أمل زيدان و@غيرها', [{ id: '1', name: 'أمل زيدان' }]))).toBe('يا <n>@أمل زيدان</n> و@غيرها');
  });

  // The suite's own time limit is what a search that looks ahead without bounds would break.
  it.each(['[', '*', '_', '`', '**a', '[a](', '*a '])('reads 20,000 of %s', (mark) => {
    expect(flat(inline(mark.repeat(20_000))).length).toBeGreaterThan(0);
  });
});

describe('blocks', () => {
  it('knows lists, code and lines', () => {
    expect(blocks('أولًا\n- واحد\n- **اثنان**\n\n١. x\n```\na * b\n```\nend').map((block) => block.kind)).toEqual(['text', 'list', 'list', 'code', 'text']);
    expect(blocks('```\nopen').map((block) => block.kind)).toEqual(['text']);
  });
});
