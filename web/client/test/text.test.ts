import { describe, expect, test } from 'vitest';
import { markdown, plain, safeHref, type Block, type Inline } from '../src/text.js';

const show = (nodes: Inline[]): string =>
  nodes
    .map((node) => {
      if (node.t === 'text') return node.v;
      if (node.t === 'code') return `<code ${node.v}>`;
      if (node.t === 'link') return `<a ${node.href} ${show(node.c)}>`;
      return `<${node.t} ${show(node.c)}>`;
    })
    .join('');
const block = (one: Block): string => {
  if ('items' in one) return `${one.t}${one.start}(${one.items.map(show).join('|')})`;
  return one.t === 'pre' ? `pre(${one.v})` : show(one.c);
};
const md = (text: string) => markdown(text).map(block);

describe('addresses', () => {
  test.each([
    ['see https://a.example/x?y=1.', 'see <a https://a.example/x?y=1 https://a.example/x?y=1>.'],
    ['(https://a.example/b_(c))', '(<a https://a.example/b_(c) https://a.example/b_(c)>)'],
    ['mail me@a.example, please', 'mail <a mailto:me@a.example me@a.example>, please'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
    ['<b>no</b> & "no"', '<b>no</b> & "no"'],
  ])('%s', (text, expected) => expect(show(plain(text))).toBe(expected));

  test.each([
    'javascript:alert(1)',
    ' java\nscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '//a.example',
    '/relative',
    'file:///etc/passwd',
    'blob:https://a.example/1',
    '',
    null,
    7,
    {},
  ])('not followed: %s', (address) => expect(safeHref(address)).toBe(null));
});

describe('the safe part of Markdown', () => {
  test.each<[string, string[]]>([
    ['**bold** and *slanted* and `code`', ['<strong bold> and <em slanted> and <code code>']],
    ['snake_case_name stays, _this_ not', ['snake_case_name stays, <em this> not']],
    ['2 * 3 * 4 stays', ['2 * 3 * 4 stays']],
    ['[guide](https://a.example/x)', ['<a https://a.example/x guide>']],
    ['[x](javascript:alert(1))', ['[x](javascript:alert(1))']],
    ['a\nb\n\nc', ['a\nb', 'c']],
    ['- one\n- **two**\n\n3. three\n4. four', ['ul1(one|<strong two>)', 'ol3(three|four)']],
    ['```\n<b>\n```', ['pre(<b>)']],
    ['```\nno end', ['```\nno end']],
    ['**<img src=x onerror=alert(1)>**', ['<strong <img src=x onerror=alert(1)>>']],
  ])('%j', (text, expected) => expect(md(text)).toEqual(expected));

  test('long text with many marks ends in time', () => {
    const from = performance.now();
    markdown('*a **b _c `d [e]( '.repeat(230));
    markdown('*'.repeat(4_000));
    markdown('[('.repeat(2_000));
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
