// Runs all cases in one Chromium. With BATON_URL (and BATON_AGENT_EMAIL, BATON_AGENT_PASSWORD) the
// shared cases run against that server, otherwise against the mock. Cases that need a misbehaving
// server always use the mock. The last line is "N passed, N failed".
import { launch } from './browser.mjs';
import { startMock } from './mock.mjs';
import * as looks from './cases/axe.mjs';
import * as connection from './cases/connection.mjs';
import * as embedding from './cases/embedding.mjs';
import * as journey from './cases/journey.mjs';
import * as keyboard from './cases/keyboard.mjs';
import * as policy from './cases/policy.mjs';
import * as proxies from './cases/proxies.mjs';
import * as rich from './cases/rich.mjs';
import * as privacy from './cases/privacy.mjs';
import * as tabs from './cases/tabs.mjs';
import * as scripts from './cases/xss.mjs';

const only = process.argv[2];
const browser = await launch();
const real = process.env.BATON_URL
  ? {
      url: process.env.BATON_URL.replace(/\/+$/, ''),
      email: process.env.BATON_AGENT_EMAIL ?? '',
      password: process.env.BATON_AGENT_PASSWORD ?? '',
    }
  : null;
console.log(`shared cases run against ${real ? real.url : 'the mock server'}`);

let passed = 0;
let failed = 0;
for (const group of [
  journey,
  keyboard,
  rich,
  scripts,
  looks,
  policy,
  connection,
  embedding,
  proxies,
  privacy,
  tabs,
]) {
  for (const [name, { needs, run }] of Object.entries(group.cases)) {
    if (only && !name.includes(only)) continue;
    await one(name, needs, run);
  }
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function one(name, needs, run) {
  const mock = needs === 'mock' || !real ? await startMock() : null;
  const target = mock
    ? { url: mock.url, email: 'jane@example.com', password: 'baton-demo', mock }
    : real;
  const from = Date.now();
  try {
    await run(browser, target);
    passed += 1;
    console.log(`ok     ${name} (${Date.now() - from} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}`);
  } finally {
    for (const context of browser.contexts()) await context.close();
    mock?.close();
  }
}
