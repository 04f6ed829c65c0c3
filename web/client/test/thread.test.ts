import { expect, test } from 'vitest';
import { threadOf } from '../src/thread.js';
import type { ConversationEvent } from '../src/types.js';

const at = '2026-11-22T10:00:00.000Z';
const jane = { name: 'Jane Doe', avatarUrl: null };
const event = (seq: number, more: object) => ({ seq, at, ...more }) as ConversationEvent;
const says = (seq: number, type: string, text: string, more = {}) =>
  event(seq, { type, text, clientId: `c${seq}`, ...more });

test('silent events of the page are not shown, labelled ones are', () => {
  const { items } = threadOf(
    [
      says(1, 'visitor_message', '', { event: 'WELCOME' }),
      says(2, 'visitor_message', 'Menu', { event: 'MENU' }),
    ],
    [],
  );
  expect(items.map((item) => item.text)).toEqual(['Menu']);
});

test('buttons count as answered once the visitor has written after them', () => {
  const { items } = threadOf(
    [says(1, 'bot_message', 'a'), says(2, 'visitor_message', 'yes'), says(3, 'bot_message', 'b')],
    [],
  );
  expect(items.map((item) => item.kind === 'message' && item.answered)).toEqual([
    true,
    false,
    false,
  ]);
  expect(items[0]).toMatchObject({ answer: 'yes' });
});

test('the agent is known only while a human has control', () => {
  const human = event(2, { type: 'control', control: 'human', agent: null });
  const events = [event(1, { type: 'control', control: 'requested', agent: null }), human];
  expect(threadOf(events, [])).toMatchObject({ control: 'human', agent: null });
  events.push(says(3, 'agent_message', 'hi', { agent: jane }));
  expect(threadOf(events, []).agent).toEqual(jane);
  events.push(event(4, { type: 'control', control: 'bot', agent: null }));
  expect(threadOf(events, [])).toMatchObject({ control: 'bot', agent: null });
});

test('unsent messages come last, and only once if the stream has them', () => {
  const pending = (clientId: string, text: string) => ({
    clientId,
    body: { text },
    at: 0,
    state: 'sending' as const,
  });
  const { items } = threadOf(
    [says(1, 'visitor_message', 'one'), says(2, 'bot_message', 'two')],
    [pending('c1', 'one'), pending('x', 'three')],
  );
  expect(items.map((item) => item.text)).toEqual(['one', 'two', 'three']);
});

test('unknown types of events are ignored', () => {
  expect(threadOf([event(1, { type: 'hologram', text: 'x' })], []).items).toEqual([]);
});
