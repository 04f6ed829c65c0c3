import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Field, Form, LocationAction } from '@baton/client/rich';
import type { Item } from '@baton/client/thread';
import { threadOf } from '@baton/client/thread';
import type { BotMessage, ConversationEvent } from '@baton/client/types';
import { locate, type Locator } from '../src/chat/action.js';
import { entriesOf, fieldErrorOf, labelOf, valuesOf } from '../src/chat/form.js';
import { wallOf } from '../src/chat/wall.js';
import { stringsFor } from '../src/strings.js';

const file = new URL('../../../crates/wire/examples/rich.form.json', import.meta.url);
const event = JSON.parse(readFileSync(file, 'utf8')) as BotMessage;
const form = event.content?.[0] as Form & { type: 'form' };
const text: Field = {
  type: 'text',
  kind: 'text',
  parameter: 'p',
  label: 'P',
  rows: 1,
  charsMax: 9,
};

describe('a form', () => {
  test('a text that is too long is told, not cut', () => {
    expect(fieldErrorOf(text, '123456789', true)).toBe(null);
    expect(fieldErrorOf(text, '1234567890', true)).toBe('long');
    expect(fieldErrorOf(text, '👍'.repeat(9), true)).toBe(null);
    expect(stringsFor('en').tooLong(1)).toMatch(/by 1 character\./);
  });

  test('starts with the values that the bot set', () => {
    expect(entriesOf(form)).toEqual(['', '', '', [true, false], '', '', false]);
  });

  test('sends texts, checkboxes of a group, one choice, and a boolean', () => {
    const entries = ['a@b.example', '', 'hi', [true, false], 'B', 'dark', true];
    expect(valuesOf(form, entries)).toEqual({
      email: 'a@b.example',
      note: 'hi',
      days: { '1': true, '2': false },
      grind: 'B',
      roast: 'dark',
      news: true,
    });
    const odd: Form = { ...form, fields: [{ ...text, parameter: '__proto__' }] };
    expect(JSON.stringify(valuesOf(odd, ['x']))).toBe('{"__proto__":"x"}');
  });

  test.each<[string, Partial<Field>, string | boolean | boolean[], boolean, string | null]>([
    ['optional and empty', {}, '', true, null],
    ['required and empty', { required: true }, '', true, 'missing'],
    ['required and there', { required: true }, 'x', true, null],
    ['not what the browser takes', {}, '', false, 'wrong'],
    ['against its pattern', { pattern: '[0-9]{4}' }, '12345', true, 'wrong'],
    ['along its pattern', { pattern: '[0-9]{4}' }, '1234', true, null],
    ['checked by an invalid pattern', { pattern: '(' }, 'x', true, null],
    ['unticked', { type: 'checkbox', required: true }, false, true, 'missing'],
    ['no tick of a group', { type: 'checkboxes', required: true }, [false], true, 'missing'],
    ['one tick of a group', { type: 'checkboxes', required: true }, [false, true], true, null],
  ])('a field that is %s', (_, more, entry, valid, expected) => {
    expect(fieldErrorOf({ ...text, ...more } as Field, entry, valid)).toBe(expected);
  });

  test('appears in the conversation as its text or its title', () => {
    expect(labelOf(form, stringsFor('en'))).toBe('Your delivery');
    const said = { ...form, action: { type: 'message', text: 'done' } } as const;
    expect(labelOf(said, stringsFor('en'))).toBe('done');
  });
});

describe('a form over the conversation', () => {
  const wall = { ...event, content: [{ ...form, style: 'wall' }] } as ConversationEvent;
  const later = (type: string, more = {}): ConversationEvent =>
    ({ seq: 3, at: event.at, type, text: 'x', clientId: 'c', ...more }) as ConversationEvent;
  const items = (...events: ConversationEvent[]): Item[] => threadOf(events, []).items;

  test('is the newest one until the visitor writes or dismisses it', () => {
    const shown = wallOf(items(wall), new Set());
    expect(shown?.form.title).toBe('Your delivery');
    expect(wallOf(items(wall, later('bot_message')), new Set())).not.toBeNull();
    expect(wallOf(items(wall, later('visitor_message')), new Set())).toBeNull();
    expect(wallOf(items(wall), new Set([shown?.key ?? '']))).toBeNull();
    expect(wallOf(items(event), new Set())).toBeNull();
  });
});

describe('where the visitor is', () => {
  const action: LocationAction = {
    type: 'location',
    parameter: 'place',
    latitude: 'lat',
    longitude: 'lon',
    errorCode: 'code',
    success: { type: 'message', text: 'near me', parameters: { a: 1 } },
    failure: { type: 'event', name: 'NO_PLACE' },
  };
  const found = { coords: { latitude: 48.2, longitude: 16.4 } } as GeolocationPosition;
  const works: Locator = { getCurrentPosition: (done) => done(found) };
  const denied: Locator = {
    getCurrentPosition: (_, failed) => failed?.({ code: 1 } as GeolocationPositionError),
  };

  test.each<[string, Locator, object]>([
    ['known', works, { ...action.success, parameters: { a: 1, place: { lat: 48.2, lon: 16.4 } } }],
    ['not told', denied, { ...action.failure, parameters: { place: { code: 1 } } }],
    ['not knowable', undefined, { ...action.failure, parameters: { place: { code: 0 } } }],
  ])('%s', async (_, locator, expected) => {
    expect(await locate(action, locator)).toEqual(expected);
  });
});
