import { expect, test } from 'vitest';
import { roomOf } from '../src/length.js';

test('the room that is left is counted in characters of the trimmed text', () => {
  expect(roomOf('')).toBe(null);
  expect(roomOf('x'.repeat(3_599))).toBe(null);
  expect(roomOf('x'.repeat(3_600))).toBe(400);
  expect(roomOf(`  ${'x'.repeat(4_000)}\n`)).toBe(0);
  expect(roomOf('x'.repeat(4_001))).toBe(-1);
  expect(roomOf('👍'.repeat(3_599))).toBe(null);
  expect(roomOf('👍'.repeat(4_000))).toBe(0);
  expect(roomOf('👍'.repeat(5_000))).toBe(-1_000);
});
