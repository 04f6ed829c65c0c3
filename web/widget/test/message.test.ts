import { describe, expect, test } from 'vitest';
import type { MessageItem } from '@baton/client/thread';
import { itemView, type MessageContext } from '../src/chat/message.js';
import { stringsFor } from '../src/strings.js';

/** All text of a template, without a browser. */
function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(wordsOf).join('');
  const { values } = (value ?? {}) as { values?: unknown[] };
  return values ? wordsOf(values) : '';
}

const item = (text: string, more: object = {}): MessageItem => ({
  kind: 'message',
  key: text,
  seq: 1,
  at: 0,
  from: 'bot',
  text,
  format: 'markdown',
  profile: null,
  content: [{ type: 'text', text }],
  answered: false,
  answer: '',
  superseded: false,
  state: 'shown',
  ...more,
});
const context: MessageContext = {
  before: undefined,
  after: undefined,
  config: { botName: 'Bot' } as MessageContext['config'],
  strings: stringsFor('en'),
  now: 0,
};
const broken = [{ type: 'carousel', cards: null }];

describe('a message that cannot be drawn', () => {
  test('is shown in plain words in the widget', () => {
    expect(wordsOf(itemView(item('**fine**'), context))).toContain('fine');
    expect(wordsOf(itemView(item('**words**', { content: broken }), context))).toContain(
      '**words**',
    );
  });
});
