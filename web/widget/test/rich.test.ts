import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contentOf, type Element } from '@baton/client/rich';
import { threadOf, type MessageItem } from '@baton/client/thread';
import type { BotMessage, ConversationEvent } from '@baton/client/types';
import { richView } from '../src/chat/rich-view.js';
import { stringsFor } from '../src/strings.js';

/** The examples of the contract, which the server's tests read as well. */
const folder = new URL('../../../crates/wire/examples/', import.meta.url);
const examples = readdirSync(folder)
  .filter((name) => name.startsWith('rich.'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as BotMessage);

const at = '2026-11-22T10:00:00.000Z';
const visitor = (seq: number, text: string): ConversationEvent => ({
  seq,
  at,
  type: 'visitor_message',
  text,
  clientId: `c${seq}`,
});

function itemOf(...events: ConversationEvent[]): MessageItem {
  return threadOf(events, []).items[0] as MessageItem;
}

/** All values of a template, without a browser. */
function drawn(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return `${value} `;
  if (Array.isArray(value)) return value.map(drawn).join('');
  const { values, fields } = (value ?? {}) as Record<string, unknown>;
  // A form is a separate element: here it is enough that it is passed on.
  return fields ? JSON.stringify(value) : drawn(values ?? []);
}

const bare = (text: string) => text.replace(/\s/g, '');
const view = (item: MessageItem) => drawn(richView(item, stringsFor('en')));

/** Texts of an element that must be on screen. */
function textsOf(value: unknown, key = ''): string[] {
  const shown = ['title', 'subtitle', 'body', 'text', 'cells'].includes(key);
  if (typeof value === 'string') return shown ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => textsOf(one, key));
  const all = Object.entries((value ?? {}) as Record<string, unknown>);
  return all.flatMap(([name, one]) => (name === 'action' ? [] : textsOf(one, name)));
}

describe('the form of the contract', () => {
  test('has an example for each kind we know', () => {
    expect(examples.length).toBeGreaterThanOrEqual(10);
    const kinds = examples.map((event) => event.content?.[0]?.type);
    for (const kind of kinds) {
      expect(contentOf([{ type: kind }], ''), kind).toHaveLength(1);
    }
    expect(new Set(kinds).size).toBe(examples.length);
  });

  test.each(examples.map((event) => [event.content?.[0]?.type, event] as const))(
    '%s is rendered with all its words',
    (_, event) => {
      const shown = view(itemOf(event));
      const texts = textsOf(event.content).map((text) => text.replaceAll('**', ''));
      expect(texts.length).toBeGreaterThan(0);
      for (const text of texts) expect(bare(shown)).toContain(bare(text));
    },
  );
});

const chips = (seq: number, title: string): ConversationEvent => ({
  seq,
  at,
  type: 'bot_message',
  text: title,
  content: [
    { type: 'suggestions', buttons: [{ title, action: { type: 'message', text: title } }] },
  ],
});

describe('suggestions', () => {
  test('are shown until the visitor has written', () => {
    expect(view(itemOf(chips(1, 'Yes')))).toContain('Yes');
    expect(view(itemOf(chips(1, 'Yes'), visitor(2, 'Yes')))).not.toContain('Yes');
  });

  test('are replaced by newer ones, not by other messages', () => {
    expect(view(itemOf(chips(1, 'Yes'), chips(2, 'No')))).not.toContain('Yes');
    const strings: ConversationEvent = { seq: 2, at, type: 'bot_message', text: 'by the way' };
    expect(view(itemOf(chips(1, 'Yes'), strings))).toContain('Yes');
  });
});

describe('content of any shape', () => {
  test.each<[string, unknown, Element[]]>([
    ['none', undefined, [{ type: 'text', text: 'words' }]],
    ['no list', { type: 'text' }, [{ type: 'text', text: 'words' }]],
    ['unknown kinds', [{ type: 'hologram' }, null, 7], [{ type: 'text', text: 'words' }]],
    ['some known', [{ type: 'x' }, { type: 'text', text: 'a' }], [{ type: 'text', text: 'a' }]],
  ])('%s', (_, content, expected) => expect(contentOf(content, 'words')).toEqual(expected));

  test('an address that runs a script is not a link', () => {
    const card = (url: string): ConversationEvent => ({
      seq: 1,
      at,
      type: 'bot_message',
      text: '',
      content: [
        {
          type: 'card',
          title: 'T',
          media: { kind: 'image', url },
          action: { type: 'link', url, target: 'tab' },
        },
      ],
    });
    expect(view(itemOf(card('javascript:alert(1)')))).not.toContain('javascript');
    expect(view(itemOf(card('https://a.example/')))).toContain('https://a.example/');
  });
});
