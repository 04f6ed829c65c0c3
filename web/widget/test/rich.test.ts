import { describe, expect, test } from 'vitest';
import { richOf } from '../src/chat/rich.js';

const choices = (...labels: string[]) => labels.map((label) => ({ label, say: label }));
const nothing = { title: '', subtitle: '', body: '', image: null, href: null, choices: [] };

describe('rich messages', () => {
  test.each<[string, unknown, unknown[]]>([
    [
      'quick replies',
      { quickReplies: { title: 'Which?', quickReplies: ['A', 'B'] } },
      [{ kind: 'choices', title: 'Which?', choices: choices('A', 'B') }],
    ],
    [
      'suggestions in one row',
      { suggestions: { suggestions: [{ title: 'A' }, { title: 'B' }] } },
      [{ kind: 'choices', title: '', choices: choices('A', 'B') }],
    ],
    [
      'a card whose buttons say, open, and do not run',
      {
        card: {
          title: 'T',
          subtitle: 'S',
          imageUri: 'javascript:alert(1)',
          buttons: [
            { text: 'Say', postback: 'words' },
            { text: 'Open', postback: 'https://a.example/' },
            { text: 'Run', postback: 'javascript:alert(1)' },
          ],
        },
      },
      [
        {
          kind: 'card',
          ...nothing,
          title: 'T',
          subtitle: 'S',
          choices: [
            { label: 'Say', say: 'words' },
            { label: 'Open', href: 'https://a.example/' },
            { label: 'Run', say: 'javascript:alert(1)' },
          ],
        },
      ],
    ],
    [
      'an image',
      { image: { imageUri: 'https://a.example/i.png', accessibilityText: 'Alt' } },
      [{ kind: 'image', image: { src: 'https://a.example/i.png', alt: 'Alt' } }],
    ],
    [
      'Dialogflow Messenger payload',
      {
        payload: {
          richContent: [
            [
              { type: 'info', title: 'T', subtitle: 'S', actionLink: 'https://a.example/' },
              {
                type: 'chips',
                options: [{ text: 'A' }, { text: 'B', link: 'https://b.example/' }],
              },
              { type: 'button', text: 'C', event: { name: 'GO', parameters: { a: 1 } } },
              { type: 'unheard of', html: '<b>' },
            ],
          ],
        },
      },
      [
        { kind: 'card', ...nothing, title: 'T', subtitle: 'S', href: 'https://a.example/' },
        {
          kind: 'choices',
          title: '',
          choices: [
            ...choices('A'),
            { label: 'B', href: 'https://b.example/' },
            { label: 'C', event: { name: 'GO', parameters: { a: 1 } } },
          ],
        },
      ],
    ],
    [
      'botcopy payload in both carousel shapes',
      {
        payload: {
          botcopy: [
            { text: [{ displayText: 'Hi' }] },
            { carousel: { card: [{ title: 'T', description: 'D' }] } },
            {
              suggestions: [
                { title: 'A', action: { message: { type: 'training', command: 'a' } } },
              ],
            },
          ],
        },
      },
      [
        { kind: 'text', text: 'Hi' },
        { kind: 'card', ...nothing, title: 'T', body: 'D' },
        { kind: 'choices', title: '', choices: [{ label: 'A', say: 'a' }] },
      ],
    ],
    ['unknown payloads are nothing', { payload: { other: [1, 2] } }, []],
    [
      'nonsense is nothing',
      { card: 7, quickReplies: [null], payload: 'x', image: { imageUri: {} } },
      [],
    ],
    ['not even an object', 'text', []],
  ])('%s', (_, message, expected) => expect(richOf(message)).toEqual(expected));
});
