// Builds everything into dist/. The chat chunk comes first: the loader needs its hashed name.
// At the end each text file gets a .br and a .gz beside it.
import { copyFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'vite';
import { litForAnyPage } from './lit.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const quiet = {
  root,
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  plugins: [litForAnyPage()],
};
const target = ['chrome111', 'firefox111', 'safari16.4'];

/** Largest allowed sizes in bytes after brotli. */
const BUDGET = { 'widget.js': 5_000, widget: 40_000, desk: 200_000 };

await rm(dist, { recursive: true, force: true });

const chat = await script('widget/src/chat/index.ts', 'assets/chat-[hash].js');
await script('widget/src/loader.ts', 'widget.js', { __CHAT_FILE__: JSON.stringify(chat) });
await page('demo', 'index.html');
await page('desk', 'desk.html');
await copyFile(
  join(root, 'node_modules/@fontsource-variable/inter/LICENSE'),
  join(dist, 'assets/inter-licence.txt'),
);
await report(await compress());

async function script(entry, fileName, define = {}) {
  const result = await build({
    ...quiet,
    define: { 'process.env.NODE_ENV': '"production"', ...define },
    build: {
      target,
      outDir: dist,
      emptyOutDir: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: join(root, entry),
        output: { format: 'iife', entryFileNames: fileName, name: 'baton' },
      },
    },
  });
  return result.output.find((chunk) => chunk.isEntry).fileName;
}

async function page(folder, html) {
  await build({
    ...quiet,
    root: join(root, folder),
    // A proxy may serve the pages below a path.
    base: './',
    build: {
      target,
      outDir: dist,
      emptyOutDir: false,
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(root, folder, html) },
    },
  });
}

async function compress() {
  const sizes = new Map();
  for (const name of await readdir(dist, { recursive: true })) {
    const path = join(dist, name);
    if (!(await stat(path)).isFile() || !/\.(js|css|html|svg|json)$/.test(name)) continue;
    const bytes = await readFile(path);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    const br = await promisify(brotliCompress)(bytes, { params });
    await writeFile(`${path}.br`, br);
    await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
    sizes.set(relative(dist, path), { raw: bytes.length, br: br.length });
  }
  return sizes;
}

async function report(sizes) {
  const of = (test) =>
    [...sizes].filter(([name]) => test(name)).reduce((sum, [, size]) => sum + size.br, 0);
  for (const [name, { raw, br }] of sizes) {
    console.log(`${name.padEnd(34)} ${String(raw).padStart(8)} B ${String(br).padStart(7)} B br`);
  }
  const measured = {
    'widget.js': of((name) => name === 'widget.js'),
    widget: of((name) => name === 'widget.js' || name.startsWith('assets/chat-')),
    desk: of((name) => name === 'desk.html' || /^assets\/(?!chat-|index)/.test(name)),
  };
  for (const [name, size] of Object.entries(measured)) {
    console.log(`${name}: ${size} of ${BUDGET[name]} bytes`);
    if (size > BUDGET[name]) throw new Error(`${name} is larger than its budget`);
  }
}
