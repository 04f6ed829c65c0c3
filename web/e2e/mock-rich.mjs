// One answer for each kind of rich response, from `crates/wire/examples`, and some wall forms.
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../crates/wire/examples/', import.meta.url);

export const RICH = new Map(
  readdirSync(folder)
    .filter((name) => name.startsWith('rich.'))
    .map((name) => {
      const { text, content } = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
      return [name.split('.')[1].replace('_', ' '), { text, content }];
    }),
);

const form = RICH.get('form').content[0];
RICH.set('wall', { text: form.title, content: [{ ...form, style: 'wall' }] });
RICH.set('forced', {
  text: form.title,
  content: [{ ...form, title: 'Before we begin', style: 'wall', force: true }],
});
const video = { kind: 'video', url: 'https://example.invalid/a.mp4', alt: 'How to brew' };
RICH.set('video', { text: 'How to brew', content: [{ type: 'media', ...video }] });
