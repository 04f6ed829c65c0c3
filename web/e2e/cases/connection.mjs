// A bad network: cut sockets, no sockets, a server that is busy or down.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { handover, openPage, quiet, until, widget } from '../kit.mjs';

export const cases = {
  'cut sockets lose and repeat nothing': { needs: 'mock', run: cuts },
  'without WebSocket the chat uses polling': { needs: 'mock', run: polling },
  'a message that was not sent is marked, and is sent once on retry': {
    needs: 'mock',
    run: retries,
  },
  'unsent messages survive a reload': { needs: 'mock', run: reloads },
  'both sides show offline within seconds, and nothing is lost': {
    needs: 'any',
    run: offline,
  },
  'the widget works on a page of another host': { needs: 'any', run: elsewhere },
  'a text with thousands of marks does not break the other messages': { needs: 'mock', run: marks },
  'unread messages show on the launcher and in the title': { needs: 'mock', run: badge },
};

const tell = (url, path, body = {}) =>
  fetch(`${url}/mock/${path}`, { method: 'POST', body: JSON.stringify(body) });

async function started(browser, url) {
  const page = await openPage(browser, url);
  const visitor = widget(page);
  await visitor.open();
  await visitor.next('bot', []);
  return { page, visitor };
}

async function cuts(browser, { url }) {
  const { page, visitor } = await started(browser, url);
  const agent = { name: 'Jane Doe', avatarUrl: null };
  const expected = [];
  for (let i = 1; i <= 20; i += 1) {
    if (i % 4 === 0) await tell(url, 'cut');
    await tell(url, 'inject', { event: { type: 'agent_message', text: `line ${i}`, agent } });
    expected.push(`agent: line ${i}`);
  }
  await visitor.has('agent: line 20');
  const lines = await visitor.lines();
  assert.deepEqual(
    lines.filter((line) => line.startsWith('agent')),
    expected,
  );
  quiet(page);
}

async function polling(browser, { url }) {
  await tell(url, 'set', { refuseSockets: true });
  const { page, visitor } = await started(browser, url);
  const before = await visitor.lines();
  await visitor.say('what do you do?');
  await visitor.next('bot', before);
  await visitor.say('talk to a person');
  await until(async () => /Connecting/.test(await visitor.title.textContent()), 'the queue');
  quiet(page);
}

async function retries(browser, { url, mock }) {
  const { page, visitor } = await started(browser, url);
  await tell(url, 'set', { failPosts: 1_000 });
  await visitor.say('do not lose me');
  const retry = page.locator('baton-messages [data-retry]');
  await retry.waitFor();
  await tell(url, 'set', { failPosts: 0 });
  await retry.click();
  await retry.waitFor({ state: 'detached' });
  const [conversation] = mock.world.conversations.values();
  const stored = () => conversation.events.filter((event) => event.text === 'do not lose me');
  await until(() => stored().length > 0, 'the message at the server');
  assert.equal(stored().length, 1);
  const lines = await visitor.lines();
  assert.equal(lines.filter((line) => line === 'visitor: do not lose me').length, 1);
}

async function reloads(browser, { url, mock }) {
  const { page, visitor } = await started(browser, url);
  await tell(url, 'set', { failPosts: 1_000 });
  await visitor.say('still here');
  await visitor.has('visitor: still here');
  await page.reload();
  await tell(url, 'set', { failPosts: 0 });
  await visitor.has('visitor: still here');
  const [conversation] = mock.world.conversations.values();
  await until(
    () => conversation.events.some((event) => event.text === 'still here'),
    'the message at the server',
  );
  const stored = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
  );
  await until(async () => !stored.includes('I look after orders'), 'no transcript in storage');
}

async function offline(browser, target) {
  const { visitorPage, visitor, deskPage, agent } = await handover(browser, target);
  for (const page of [visitorPage, deskPage]) await page.context().setOffline(true);
  await visitor.say('Said in the tunnel');
  await agent.say('Said in the cellar');
  await visitorPage.locator('baton-chat .banner').waitFor();
  await deskPage.locator('baton-desk .banner').waitFor();
  for (const page of [visitorPage, deskPage]) await page.context().setOffline(false);
  await agent.has('visitor: Said in the tunnel');
  await visitor.has('agent: Said in the cellar');
  await visitorPage.locator('baton-chat .banner').waitFor({ state: 'detached' });
  await deskPage.locator('baton-desk .banner').waitFor({ state: 'detached' });
  const twice = (lines) => lines.length !== new Set(lines).size;
  assert.ok(!twice(await agent.lines()), 'nothing is doubled');
  await deskPage.locator('desk-chat .hand-back').click();
}

/** The usual setup: the shop and the chat server are two hosts. */
async function elsewhere(browser, target) {
  const shop = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    const tag = `<script async src="${target.url}/widget.js" data-bot-id="support"></script>`;
    response.end(`<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>${tag}`);
  });
  await new Promise((done) => shop.listen(0, '127.0.0.1', done));
  try {
    const page = await openPage(browser, `http://localhost:${shop.address().port}/`);
    const visitor = widget(page);
    await visitor.open();
    await visitor.say('what do you do?');
    await visitor.answered('what do you do?');
    quiet(page);
  } finally {
    shop.closeAllConnections();
    shop.close();
  }
}

async function badge(browser, { url }) {
  const { page, visitor } = await started(browser, url);
  await page.keyboard.press('Escape');
  await tell(url, 'inject', {
    event: { type: 'agent_message', text: 'Are you there?', agent: { name: 'Jane Doe' } },
  });
  await until(async () => (await page.title()).startsWith('(1) '), 'the title');
  assert.match(await visitor.launcher.getAttribute('aria-label'), /1 unread message/);
  await visitor.open();
  await until(async () => !(await page.title()).startsWith('('), 'the plain title');
}

async function marks(browser, { url }) {
  const { page, visitor } = await started(browser, url);
  for (const text of ['`a`'.repeat(5_000), '`a`'.repeat(2_600), '**a '.repeat(8_000), 'after']) {
    await tell(url, 'inject', { event: { type: 'bot_message', text } });
  }
  await visitor.has('bot: after');
  await page.reload();
  await visitor.has('bot: after');
  assert.equal((await visitor.lines()).filter((line) => /a`*a|a \*/.test(line)).length, 3);
  quiet(page);
}
