// Content security policies: a strict one of a host page, and the product's own.
import assert from 'node:assert/strict';
import { handover, openPage, quiet, until, widget } from '../kit.mjs';
import { POLICY } from '../mock.mjs';
import { RICH } from '../mock-rich.mjs';

export const cases = {
  'the widget works under a strict policy': { needs: 'mock', run: strict },
  'desk and shop work under the policy of the product': { needs: 'any', run: own },
  'I3: a planted inline script does not run on a page of the server': {
    needs: 'any',
    run: planted,
  },
};

async function strict(browser, { url }) {
  const page = await openPage(browser, `${url}/host/strict.html`);
  const visitor = widget(page);
  await visitor.open();
  await visitor.next('bot', []);
  const kinds = [...RICH.keys()].filter((kind) => kind !== 'forced' && kind !== 'wall');
  const shows = kinds.map((kind) => `show ${kind}`);
  for (const words of ['what do you do?', 'order', 'payload', ...shows, 'talk to a person']) {
    const before = await visitor.lines();
    await visitor.say(words);
    await visitor.next('bot', before);
  }
  await until(async () => /Connecting/.test(await visitor.title.textContent()), 'the queue');
  const looks = await page.evaluate(() => {
    const chat = document.querySelector('baton-widget').shadowRoot.querySelector('baton-chat');
    const list = chat.shadowRoot.querySelector('baton-messages').shadowRoot;
    const bubble = getComputedStyle(list.querySelector('.visitor .bubble'));
    return { position: getComputedStyle(chat).position, background: bubble.backgroundColor };
  });
  assert.deepEqual(looks, { position: 'fixed', background: 'rgb(13, 107, 91)' });
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  quiet(page);
}

async function own(browser, target) {
  for (const path of ['', '/desk']) {
    const { headers } = await fetch(target.url + path);
    assert.equal(headers.get('content-security-policy'), POLICY);
    if (!target.mock) assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
  }
  const { visitorPage, visitor, deskPage, agent } = await handover(browser, target);
  await agent.say('Under our own policy');
  await visitor.has('agent: Under our own policy');
  for (const page of [visitorPage, deskPage]) {
    quiet(page);
    const attempt = page.evaluate(() => document.body.setHTMLUnsafe('<b>bold</b>'));
    await assert.rejects(attempt, /TrustedHTML/, 'texts cannot become HTML');
  }
  await deskPage.locator('desk-chat .hand-back').click();
}

const PLANTED = [
  '<script>window.planted = "script"</script>',
  '<img src="data:," onerror="window.planted = 1">',
  '<svg onload="window.planted = 2"></svg>',
  '<a id="bait" href="javascript:window.planted = 3">here</a>',
  '<script src="data:text/javascript,window.planted = 4"></script>',
  '<base href="https://evil.example/">',
].join('');

/** The headers are the server's own; only the body is another one. */
async function planted(browser, { url }) {
  const look = async (path, change) => {
    const page = await openPage(browser, 'about:blank');
    await page.route(url + path, async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace('<body>', `<body>${PLANTED}`);
      assert.ok(body.includes('planted'));
      const headers = response.headers();
      change(headers);
      await route.fulfill({ status: 200, headers, body });
    });
    await page.goto(url + path);
    await page.locator('#bait').click({ noWaitAfter: true });
    await page.waitForFunction(() => document.readyState === 'complete');
    return page.evaluate(() => [window.planted ?? null, new URL('x', document.baseURI).host]);
  };
  const { host } = new URL(url);
  for (const path of ['/', '/desk']) {
    assert.deepEqual(await look(path, () => undefined), [null, host]);
    // Without the policy it runs: what was planted works.
    const open = await look(path, (headers) => delete headers['content-security-policy']);
    assert.notEqual(open[0], null);
  }
}
