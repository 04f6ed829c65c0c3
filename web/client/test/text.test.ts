import { describe, expect, test, vi } from 'vitest';
import { MARKED_MAX, markdown, plain, safeHref, type Block, type Inline } from '../src/text.js';

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
    [`${'a'.repeat(65)}@a.example`, `${'a'.repeat(65)}@a.example`],
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
    ['**a **b** *c\nd* `e\nf`', ['<strong a **b> *c\nd* `e\nf`']],
    ['***x*** _y__z_ ``q`', ['<strong *x>* _y__z_ `<code q>']],
    ['[a [b](https://a.example/(c)) `[d](x`', ['<a https://a.example/(c) a [b> <code [d](x>']],
    ['[guide](https://a.example/x)', ['<a https://a.example/x guide>']],
    ['[x](javascript:alert(1))', ['[x](javascript:alert(1))']],
    ['a\nb\n\nc', ['a\nb', 'c']],
    [String.raw`2\*3\*4 and \\* and C:\path`, [String.raw`2*3*4 and \* and C:\path`]],
    [String.raw`*a\*b* **a\**b** \`x\` \<b`, ['<em a*b> <strong a**b> `x` <b']],
    [String.raw`[\[x\] \](y)](https://a.example/x)`, ['<a https://a.example/x [x] ](y)>']],
    ['\\# no\n1\\. no\n\\- no', ['# no\n1. no\n- no']],
    ['- one\n- **two**\n\n3. three\n4. four', ['ul1(one|<strong two>)', 'ol3(three|four)']],
    ['```\n<b>\n```', ['pre(<b>)']],
    ['```\nno end', ['```\nno end']],
    ['**<img src=x onerror=alert(1)>**', ['<strong <img src=x onerror=alert(1)>>']],
  ])('%j', (text, expected) => expect(md(text)).toEqual(expected));
});

describe('long texts', () => {
  /** Counts the characters that are searched for the ends of marks. */
  const looked = (text: string): number => {
    let steps = 0;
    const indexOf = String.prototype.indexOf;
    const spy = vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (
      this: string,
      needle: string,
      from = 0,
    ) {
      const at = indexOf.call(this, needle, from);
      steps += (at < 0 ? this.length : at) - from;
      return at;
    });
    try {
      markdown(text);
    } finally {
      spy.mockRestore();
    }
    return steps;
  };
  const filled = (part: string) => part.repeat(Math.floor(MARKED_MAX / part.length));

  test.each([
    '**a ',
    '`a`',
    '*',
    '**',
    '[',
    '*\\*',
    '[a](',
    '[a](b',
    '[[a](b(c)',
    '_a ',
    '* a**',
    ' ``',
  ])('of %j alone are gone through a few times, not once for each mark', (part) => {
    const text = filled(part);
    const steps = looked(text);
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThan(20 * text.length);
  });

  test('with thousands of marks are drawn', () => {
    const [one] = markdown(filled('`a`'));
    expect(one?.t === 'p' && one.c.length).toBe(Math.floor(MARKED_MAX / 3));
  });

  test.each(['`a`', '**a ', '*a*'])('beyond all measure stay as typed: %j', (part) => {
    const text = part.repeat(8_000);
    expect(markdown(text)).toEqual([{ t: 'p', c: [{ t: 'text', v: text }] }]);
  });

  test('beyond all measure keep their links', () => {
    const text = `**${'x'.repeat(MARKED_MAX)}** https://a.example/`;
    expect(markdown(text).map(block)[0]).toMatch(/\*\* <a https:\/\/a.example\/ /);
  });
});
