import { describe, expect, test } from 'vitest';
import { chatThread } from '../../desk/src/thread.js';
import type { Chat, ChatEvent } from '../../desk/src/api.js';
import { blocksOf, wordsOf, type Block, type Inline } from '../src/text.js';
import { threadOf } from '../src/thread.js';
import type { TextFormat } from '../src/types.js';

const at = '2026-11-22T10:00:00.000Z';
const agent = { name: 'Jane Doe', avatarUrl: null };
const chat = { agent, pushedThrough: 0 } as unknown as Chat;

/** What a person reads. */
const read = (blocks: readonly Block[]): string => {
  const words = (nodes: readonly Inline[]): string =>
    nodes.map((node) => ('c' in node ? words(node.c) : node.v)).join('');
  return blocks
    .map((block) =>
      'items' in block
        ? block.items.map(words).join('\n')
        : block.t === 'pre'
          ? block.v
          : words(block.c),
    )
    .join('\n\n');
};

/** The same message as the visitor's page and as the desk draw it. */
function both(text: string, format: TextFormat | undefined) {
  const said = { seq: 1, at, type: 'agent_message', text, agent, ...(format ? { format } : {}) };
  const [shown] = threadOf([said as never], []).items;
  const { rows } = chatThread(chat, [], [said as unknown as ChatEvent], []);
  const [row] = rows;
  if (shown?.kind !== 'message' || row?.kind !== 'message') throw new Error('no message');
  return [blocksOf(shown.text, shown.format), blocksOf(row.text, row.format)] as const;
}

describe('P1: the same words on both sides', () => {
  test.each([
    '2*3*4',
    '**not bold**, _not slanted_',
    'snake_case and `ticks`',
    '1. first\n2. second',
    '- one\n- two',
    '# 5 is the number\n> and this the answer',
    '```\nno code\n```',
    'C:\\new\\*.*',
    '[a](https://a.example/)',
    '<b>&amp;</b>',
    '  indented\n\n\nfar below',
    '~~gone~~ | a | b |',
    'مرحبا *٢* ‏x',
    '👩‍👩‍👧 *❤️* _ok_',
  ])('P1: what an agent types reads as typed: %j', (text) => {
    const [visitor, desk] = both(text, 'plain');
    expect(visitor).toEqual(desk);
    expect(read(visitor)).toBe(text);
    expect(wordsOf(text, 'plain')).toBe(text.replace(/\s+/g, ' ').trim());
  });

  test.each(['markdown', undefined, 'html'] as TextFormat[])(
    'P1: a text of a tool is drawn: %s',
    (format) => {
      const [visitor, desk] = both('**Order** 7:\n\n- [paid](https://a.example/)', format);
      expect(visitor).toEqual(desk);
      expect(read(visitor)).toBe('Order 7:\n\npaid');
    },
  );

  test('P1: what the agent has not sent yet looks as it will look', () => {
    const pending = { clientId: 'c', body: { text: '2*3*4' }, at: 0, state: 'sending' } as const;
    const [row] = chatThread(chat, [], [], [pending]).rows;
    expect(row?.kind === 'message' && blocksOf(row.text, row.format)).toEqual(
      both('2*3*4', 'plain')[0],
    );
  });

  test('P1: lines before the handover are drawn as the visitor has seen them', () => {
    const { before } = chatThread(
      chat,
      [
        { from: 'visitor', text: '2*3*4' },
        { from: 'bot', text: '**Bold** bot', format: 'markdown' },
        { from: 'agent', text: 'a*b*c', format: 'plain' },
        { from: 'agent', text: '**Tool**' },
      ],
      [],
      [],
    );
    const lines = before.map((line) => read(blocksOf(line.text, line.format)));
    expect(lines).toEqual(['2*3*4', 'Bold bot', 'a*b*c', 'Tool']);
  });

  test('P1: screen readers are told words, not signs', () => {
    const text = '**Hi**\n\n- [one](https://a.example/)\n- `two`\n\n```\nthree\n```';
    expect(wordsOf(text, 'markdown')).toBe('Hi one two three');
  });
});
