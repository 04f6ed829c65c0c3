// The widget on pages of others: replaced bodies, copies, odd styles, XHTML, and pages that sleep.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { launch } from '../browser.mjs';
import { openPage, quiet, until, widget } from '../kit.mjs';

const swaps = {
  'a replaced body': () => {
    const next = document.createElement('body');
    next.append(Object.assign(document.createElement('h1'), { textContent: 'Next' }));
    document.body.replaceWith(next);
  },
  'a replaced document element': () => {
    document.documentElement.replaceWith(document.documentElement.cloneNode(true));
  },
  'a body that is emptied and filled': () => {
    document.body.replaceChildren();
    document.body.append(Object.assign(document.createElement('h1'), { textContent: 'Next' }));
  },
  'a body that is emptied child by child': () => {
    while (document.body.lastChild) document.body.lastChild.remove();
  },
  'a restored copy of the body': () => {
    document.body.replaceWith(document.body.cloneNode(true));
  },
};

export const cases = {
  ...Object.fromEntries(
    Object.entries(swaps).map(([name, swap]) => [
      `${name} keeps the one widget with its conversation`,
      { needs: 'any', run: (browser, target) => replaced(browser, target, swap) },
    ]),
  ),
  'the script twice on a page gives one widget': { needs: 'any', run: twice },
  'a widget that the page removes stays away, and comes back where it was': {
    needs: 'mock',
    run: removed,
  },
  'a page that returns from the cache of pages connects again': { needs: 'mock', run: cached },
  'a frozen page catches up': { needs: 'mock', run: frozen },
  'a script tag without a bot says so in the console': { needs: 'any', run: nameless },
  'an XHTML page has the chat': { needs: 'any', run: xhtml },
  'nothing is inherited from the page': { needs: 'any', run: styles },
  'a text that is too long is kept, and the visitor is told': { needs: 'any', run: tooLong },
};

/** Serves one page of a shop on another host, and runs `test` with its address. */
async function withShop(target, { type = 'text/html', body }, test) {
  const tag = `<script async="async" src="${target.url}/widget.js" data-bot-id="support"></script>`;
  const shop = createServer((_, response) => {
    response.setHeader('content-type', type);
    response.end(body(tag));
  });
  await new Promise((done) => shop.listen(0, '127.0.0.1', done));
  try {
    await test(`http://localhost:${shop.address().port}/`);
  } finally {
    shop.closeAllConnections();
    shop.close();
  }
}

const plain = (tag) =>
  `<!doctype html><html lang="en"><head><title>Shop</title></head>` +
  `<body><h1>Shop</h1>${tag}</body></html>`;

/** Runs the script again, as a framework does for the script tags of a new body. */
const again = (page, target, bot = 'support') =>
  page.evaluate(
    ([src, botId]) =>
      new Promise((done) => {
        const script = document.createElement('script');
        Object.assign(script, { src, onload: done });
        script.dataset.botId = botId;
        document.body.append(script);
      }),
    [`${target.url}/widget.js`, bot],
  );

const count = (page) => page.locator('baton-widget').count();
const isOpen = (page) => page.locator('baton-chat[open]').count();

async function replaced(browser, target, swap) {
  await withShop(target, { body: plain }, async (url) => {
    const page = await openPage(browser, url);
    const visitor = widget(page);
    await visitor.open();
    await visitor.next('bot', []);
    await visitor.say('what do you do?');
    await visitor.answered('what do you do?');
    const before = await visitor.lines();
    for (let i = 0; i < 2; i += 1) {
      await page.evaluate(swap);
      assert.deepEqual([await count(page), await isOpen(page)], [1, 1]);
      await again(page, target);
      assert.deepEqual([await count(page), await isOpen(page)], [1, 1]);
      assert.deepEqual(await visitor.lines(), before);
    }
    await visitor.say('still there?');
    await visitor.answered('still there?');
    quiet(page);
  });
}

async function twice(browser, target) {
  await withShop(target, { body: (tag) => plain(tag + tag) }, async (url) => {
    const page = await openPage(browser, url);
    const visitor = widget(page);
    await visitor.open();
    await visitor.next('bot', []);
    await again(page, target);
    assert.deepEqual([await count(page), await isOpen(page)], [1, 1]);
    await page.evaluate(() => document.body.append(document.createElement('baton-widget')));
    assert.equal(await count(page), 1);
    await again(page, target, 'sales');
    const bots = await page.evaluate(() =>
      [...document.querySelectorAll('baton-widget')].map((one) => one.config.botId),
    );
    assert.deepEqual(bots, ['sales']);
    quiet(page);
  });
}

async function removed(browser, target) {
  const { sockets } = target.mock.world;
  await withShop(target, { body: plain }, async (url) => {
    const page = await openPage(browser, url);
    const visitor = widget(page);
    await visitor.open();
    await visitor.next('bot', []);
    await page.evaluate(() => {
      window.kept = document.querySelector('baton-widget');
      window.kept.remove();
    });
    await until(() => sockets.size === 0, 'the end of the stream');
    assert.equal(await count(page), 0);
    await tell(target, 'Said meanwhile');
    await page.evaluate(() => document.body.append(window.kept));
    await visitor.has('agent: Said meanwhile');
    assert.deepEqual([await count(page), await isOpen(page), sockets.size], [1, 1, 1]);
    quiet(page);
  });
}

const tell = (target, text) =>
  fetch(`${target.url}/mock/inject`, {
    method: 'POST',
    body: JSON.stringify({ event: { type: 'agent_message', text, agent: { name: 'Jane Doe' } } }),
  });

/** In a browser of its own, because Playwright switches the cache of pages off. */
async function cached(_, target) {
  const { sockets } = target.mock.world;
  const browser = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  try {
    const page = await openPage(browser, target.url);
    const visitor = widget(page);
    await visitor.open();
    await visitor.next('bot', []);
    await page.evaluate(() => {
      window.addEventListener('pageshow', ({ persisted }) => (window.persisted = persisted));
    });
    await page.goto('data:text/html,<title>elsewhere</title>');
    await until(() => sockets.size === 0, 'the end of the stream');
    await tell(target, 'While you were away');
    // The navigation ends this call. A page from the cache does not load again.
    await page.evaluate(() => history.back()).catch(() => undefined);
    await until(() => page.url().startsWith(target.url), 'the page');
    await visitor.has('agent: While you were away');
    assert.equal(await page.evaluate(() => window.persisted), true);
    assert.equal(sockets.size, 1);
    quiet(page);
  } finally {
    await browser.close();
  }
}

async function frozen(browser, target) {
  const page = await openPage(browser, target.url);
  const visitor = widget(page);
  await visitor.open();
  await visitor.next('bot', []);
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  for (const ws of target.mock.world.sockets) ws.terminate();
  await tell(target, 'While you slept');
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await visitor.has('agent: While you slept');
  quiet(page);
}

async function nameless(browser, target) {
  const body = (tag) => plain(tag.replace(' data-bot-id="support"', ''));
  await withShop(target, { body }, async (url) => {
    const page = await openPage(browser, 'about:blank');
    const hint = page.waitForEvent('console', (line) => line.text().includes('data-bot-id'));
    await page.goto(url);
    assert.equal((await hint).type(), 'error');
    assert.equal(await count(page), 0);
    quiet(page);
  });
}

async function xhtml(browser, target) {
  const body = (tag) =>
    `<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml" lang="en">` +
    `<head><title>Shop</title></head><body><h1>Shop</h1>${tag}</body></html>`;
  await withShop(target, { type: 'application/xhtml+xml', body }, async (url) => {
    const page = await openPage(browser, url);
    assert.equal(await page.evaluate(() => document.contentType), 'application/xhtml+xml');
    const visitor = widget(page);
    await visitor.open();
    await visitor.next('bot', []);
    await visitor.say('what do you do?');
    await visitor.answered('what do you do?');
    await again(page, target);
    assert.equal(await count(page), 1);
    quiet(page);
  });
}

const INHERITED = {
  'letter-spacing': '7px',
  'word-spacing': '9px',
  'line-height': '60px',
  'text-transform': 'uppercase',
  'text-indent': '30px',
  'font-style': 'italic',
  'font-variant-caps': 'small-caps',
  'text-align': 'center',
  'white-space': 'pre',
  cursor: 'wait',
  visibility: 'hidden',
  'pointer-events': 'none',
  'user-select': 'none',
  direction: 'rtl',
};

async function styles(browser, target) {
  const looks = async (body, dir) => {
    let seen;
    await withShop(target, { body }, async (url) => {
      const page = await openPage(browser, url);
      const visitor = widget(page);
      await visitor.open();
      await visitor.next('bot', []);
      const styleOf = (names) => {
        const chat = document.querySelector('baton-widget').shadowRoot.querySelector('baton-chat');
        const list = chat.shadowRoot.querySelector('baton-messages').shadowRoot;
        return [chat.shadowRoot.querySelector('section'), list.querySelector('.bubble')].map(
          (element) => names.map((name) => getComputedStyle(element).getPropertyValue(name)),
        );
      };
      seen = await page.evaluate(styleOf, Object.keys(INHERITED));
      const side = await visitor.launcher.boundingBox();
      assert.equal(side.x < 400, dir === 'rtl');
      quiet(page);
    });
    return seen;
  };
  const rules = Object.entries(INHERITED).map(([name, value]) => `${name}: ${value};`);
  const styled = (tag) =>
    plain(tag).replace('</head>', `<style>body * { ${rules.join('')} }</style></head>`);
  assert.deepEqual(await looks(styled, 'ltr'), await looks(plain, 'ltr'));
  const rtl = (tag) => plain(tag).replace('lang="en"', 'lang="en" dir="rtl"');
  assert.notDeepEqual(await looks(rtl, 'rtl'), await looks(plain, 'ltr'));
  const own = (tag) => rtl(tag.replace('data-bot-id', 'data-dir="ltr" data-bot-id'));
  assert.deepEqual(await looks(own, 'ltr'), await looks(plain, 'ltr'));
}

async function tooLong(browser, target) {
  const page = await openPage(browser, target.url);
  const visitor = widget(page);
  await visitor.open();
  await visitor.next('bot', []);
  const room = page.locator('baton-composer #room');
  await visitor.input.focus();
  await page.keyboard.insertText('x'.repeat(3_500));
  assert.equal(await room.count(), 0);
  await page.keyboard.insertText('👍'.repeat(400));
  assert.match(await room.textContent(), /100 characters left/);
  const before = await visitor.lines();
  await page.keyboard.insertText('y'.repeat(102));
  assert.match(await room.textContent(), /Too long by 2 characters/);
  await page.keyboard.press('Enter');
  assert.equal((await visitor.input.inputValue()).length, 3_500 + 800 + 102);
  assert.deepEqual(await visitor.lines(), before);
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Backspace');
  assert.match(await room.textContent(), /0 characters left/);
  await page.keyboard.press('Enter');
  await until(async () => (await visitor.lines()).length > before.length, 'the message');
  assert.equal(await visitor.input.inputValue(), '');
  assert.equal(await room.count(), 0);
  quiet(page);
}
