import { expect, test } from 'vitest';
import { shortcutOf, type KeyPress } from '../src/keys.js';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  altGraph: false,
  repeat: false,
  inField: false,
  ...more,
});

test.each(['j', 'k', 'c', 'r', 'i', '?'])('%s is a shortcut', (key) => {
  expect(shortcutOf(press(key), true)).toBe(key);
});

test.each<[string, Partial<KeyPress>]>([
  ['in a field', { inField: true }],
  ['with Ctrl, as in copy', { ctrlKey: true }],
  ['with Cmd', { metaKey: true }],
  ['with Alt, which makes letters on some layouts', { altKey: true }],
  ['with AltGr', { altGraph: true }],
  ['held down', { repeat: true }],
])('a key pressed %s stays a key', (_, more) => {
  expect(shortcutOf(press('c', more), true)).toBe(null);
});

test('single keys can be switched off', () => {
  expect(shortcutOf(press('c'), false)).toBe(null);
});
