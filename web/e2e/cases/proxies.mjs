// Behind a reverse proxy: below a path, and where sockets are swallowed.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { desk, openPage, quiet, until, widget } from '../kit.mjs';
import { startProxy } from '../proxy.mjs';

export const cases = {
  'below a path that the proxy removes, everything works': { needs: 'any', run: removed },
  'below a path that the proxy keeps, everything works': { needs: 'any', run: kept },
  'the desk with a slash at its end leads to the desk': { needs: 'any', run: slash },
  'where upgrades are swallowed, an answer comes within seconds': {
    needs: 'any',
    run: (browser, target) => swallowed(browser, target, 'upgrade'),
  },
  'where frames are swallowed, an answer comes within seconds': {
    needs: 'any',
    run: (browser, target) => swallowed(browser, target, 'frames'),
  },
  'the desk works where frames are swallowed': { needs: 'any', run: deskPolls },
};

/** The base path of the server. */
const BELOW = '/support-chat';

async function removed(browser, target) {
  const proxy = await startProxy(target.url, { below: BELOW });
  try {
    await wholeChat(browser, { ...target, url: proxy.url });
  } finally {
    proxy.close();
  }
}

async function kept(browser, target) {
  const proxy = await startProxy(target.url, { below: BELOW, keep: true });
  try {
    await wholeChat(browser, { ...target, url: proxy.url });
  } finally {
    proxy.close();
  }
}

/** A shop on another host includes the widget by the public address, and an agent answers. */
async function wholeChat(browser, target) {
  const shop = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    const tag = `<script async src="${target.url}/widget.js" data-bot-id="support"></script>`;
    response.end(`<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>${tag}`);
  });
  await new Promise((done) => shop.listen(0, '127.0.0.1', done));
  try {
    const deskPage = await openPage(browser, `${target.url}/desk`);
    const agent = desk(deskPage);
    await agent.signIn(target);
    const page = await openPage(browser, `http://localhost:${shop.address().port}/`);
    const visitor = widget(page);
    await visitor.open();
    await visitor.say('talk to a person');
    await agent.takeNewest();
    await agent.say('Hello from below the path');
    await visitor.has('agent: Hello from below the path');
    await visitor.say('I can read you');
    await agent.has('visitor: I can read you');
    // Before the sign-in the desk asks who is signed in, and nobody is.
    const failed = await deskPage.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter((one) => one.responseStatus >= 400 && !one.name.endsWith('/session'))
        .map((one) => one.name),
    );
    assert.deepEqual(failed, []);
    await deskPage.reload();
    await agent.has('visitor: I can read you');
    await deskPage.locator('desk-chat .hand-back').click();
    quiet(page);
    quiet(deskPage);
  } finally {
    shop.closeAllConnections();
    shop.close();
  }
}

async function slash(browser, target) {
  const proxy = await startProxy(target.url, { below: BELOW });
  try {
    for (const url of [`${target.url}/desk/`, `${proxy.url}/desk/`]) {
      const page = await openPage(browser, url);
      await page.locator('desk-sign-in #email').waitFor();
      assert.equal(page.url(), url.slice(0, -1));
      quiet(page);
    }
  } finally {
    proxy.close();
  }
}

async function swallowed(browser, target, swallow) {
  const proxy = await startProxy(target.url, { swallow });
  try {
    const page = await openPage(browser, proxy.url);
    const visitor = widget(page);
    await visitor.open();
    const from = Date.now();
    await visitor.next('bot', []);
    assert.ok(Date.now() - from < 6_000, 'the greeting comes within seconds');
    const before = await visitor.lines();
    await visitor.say('what do you do?');
    const asked = Date.now();
    await visitor.next('bot', before);
    assert.ok(Date.now() - asked < 3_000, 'an answer comes as fast as by a socket');
    const reloaded = Date.now();
    await page.reload();
    await visitor.has('visitor: what do you do?');
    assert.ok(Date.now() - reloaded < 2_500, 'a reload does not wait for the socket again');

    proxy.state.swallow = null;
    await page.reload();
    await visitor.has('visitor: what do you do?');
    await until(
      () => page.evaluate(() => localStorage.getItem('baton.support.polling') === null),
      'trust in sockets',
    );
    const polls = proxy.state.polls;
    await visitor.say('are you still there?');
    await visitor.answered('are you still there?');
    assert.equal(proxy.state.polls, polls, 'the socket has taken over');
    quiet(page);
  } finally {
    proxy.close();
  }
}

async function deskPolls(browser, target) {
  const proxy = await startProxy(target.url, { swallow: 'frames' });
  try {
    const deskPage = await openPage(browser, `${proxy.url}/desk`);
    const agent = desk(deskPage);
    await agent.signIn(target);
    const visitorPage = await openPage(browser, target.url);
    const visitor = widget(visitorPage);
    await visitor.open();
    await visitor.say('talk to a person');
    await agent.takeNewest();
    await agent.say('I poll');
    await visitor.has('agent: I poll');
    await visitor.say('and I see you');
    await agent.has('visitor: and I see you');
    await deskPage.locator('desk-chat .hand-back').click();
    quiet(deskPage);
  } finally {
    proxy.close();
  }
}
