// K5: what a page with the widget stores and asks for, before and after the chat is opened.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { openPage, quiet, until, widget } from '../kit.mjs';

export const cases = {
  'K5: before the chat is opened there is no cookie, no storage and no request to others': {
    needs: 'any',
    run: before,
  },
  'K5: afterwards the browser keeps a token and a place, and no text': {
    needs: 'any',
    run: afterwards,
  },
};

const SAID = 'a very private question';

/** A shop on another host. `seen` has all that its page asks for and stores. */
async function atTheShop(browser, target, test) {
  const shop = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    const tag = `<script async src="${target.url}/widget.js" data-bot-id="support"></script>`;
    response.end(
      `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Shop</title>${tag}`,
    );
  });
  await new Promise((done) => shop.listen(0, '127.0.0.1', done));
  const url = `http://localhost:${shop.address().port}/`;
  try {
    const page = await openPage(browser, 'about:blank');
    const asked = [];
    page.context().on('request', (request) => asked.push(request.url()));
    page.on('websocket', (socket) => asked.push(socket.url().replace(/^ws/, 'http')));
    await page.goto(url);
    await widget(page).launcher.waitFor();
    await test(page, asked, url);
    quiet(page);
  } finally {
    shop.closeAllConnections();
    shop.close();
  }
}

/** Everything that the page could have stored, of both hosts. */
async function storedBy(page) {
  const stored = await page.evaluate(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: 'caches' in window ? await caches.keys() : [],
    workers: (await navigator.serviceWorker?.getRegistrations())?.length ?? 0,
  }));
  return { ...stored, cookies: await page.context().cookies() };
}

const NOTHING = { local: {}, session: {}, databases: [], caches: [], workers: 0, cookies: [] };

async function before(browser, target) {
  await atTheShop(browser, target, async (page, asked, url) => {
    // Longer than the wait after which a returning visitor's chat is loaded.
    await page.evaluate(
      () => new Promise((done) => requestIdleCallback(() => setTimeout(done, 2_500))),
    );
    await page.mouse.move(300, 300);
    await page.locator('baton-widget .launcher').hover();
    assert.deepEqual(asked, [url, `${target.url}/widget.js`]);
    assert.deepEqual(await storedBy(page), NOTHING);
  });
}

async function afterwards(browser, target) {
  await atTheShop(browser, target, async (page, asked, url) => {
    const visitor = widget(page);
    await visitor.open();
    await visitor.next('bot', []);
    await visitor.say(SAID);
    await visitor.answered(SAID);
    const hosts = new Set(asked.map((one) => new URL(one).host));
    assert.deepEqual(hosts, new Set([new URL(url).host, new URL(target.url).host]));

    const unsent = () => page.evaluate(() => sessionStorage.getItem('baton.support.unsent'));
    await until(async () => (await unsent()) === null, 'the end of what was unsent');
    const { local, session, ...others } = await storedBy(page);
    const { local: _, session: __, ...none } = NOTHING;
    assert.deepEqual(others, none);
    assert.deepEqual(Object.keys(session), ['baton.support.open']);
    assert.equal(session['baton.support.open'], '1');
    const { 'baton.support.token': token, 'baton.support.read': read, ...rest } = local;
    assert.match(token, /^\S{5,}$/);
    assert.match(read, /^\d+$/);
    assert.deepEqual(rest, {});
    const shown = await visitor.lines();
    assert.ok(shown.length >= 3);
    for (const line of shown) {
      const words = line.slice(line.indexOf(': ') + 2);
      assert.ok(!JSON.stringify([local, session]).includes(words), words);
    }
  });
}
