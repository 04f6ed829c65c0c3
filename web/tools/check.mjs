// House rules that no general tool checks: nothing creates HTML from strings, elements are short,
// lines are at most 100 columns. Prints each breach and fails.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['client', 'ui', 'widget', 'desk', 'demo', 'e2e', 'tools'];
const BANNED = [
  'innerHTML',
  'outerHTML',
  'insertAdjacentHTML',
  'unsafeHTML',
  'unsafeSVG',
  'document.write',
  'createContextualFragment',
  'DOMParser',
  'eval(',
  'new Function',
  'styleMap',
  'srcdoc',
];
const LINES_MAX = 400;
const ELEMENT_LINES_MAX = 150;
const COLUMNS_MAX = 100;

const breaches = [];
for (const folder of folders) {
  for (const name of await readdir(join(root, folder), { recursive: true })) {
    if (!/\.(ts|mjs|css|html)$/.test(name) || name.includes('node_modules')) continue;
    check(`${folder}/${name}`, await readFile(join(root, folder, name), 'utf8'));
  }
}
for (const breach of breaches) console.error(breach);
console.log(`${breaches.length} breaches of the front-end rules`);
process.exitCode = breaches.length === 0 ? 0 : 1;

function check(path, text) {
  const lines = text.split('\n');
  const element = /extends LitElement/.test(text);
  const max = element ? ELEMENT_LINES_MAX : LINES_MAX;
  if (lines.length > max + 1) breaches.push(`${path}: ${lines.length} lines, at most ${max}`);
  const ours = path === 'tools/check.mjs' || path.startsWith('e2e/');
  for (const [at, line] of lines.entries()) {
    const where = `${path}:${at + 1}`;
    const drawing = /svg`|^\s*'M|<path d=/.test(line);
    if (line.length > COLUMNS_MAX && !drawing) breaches.push(`${where}: longer than a line may be`);
    for (const word of ours ? [] : BANNED) {
      if (line.includes(word)) breaches.push(`${where}: ${word} is banned`);
    }
  }
}
