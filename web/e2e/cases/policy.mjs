// The widget on a page whose policy allows only files of its own host.
import assert from 'node:assert/strict';
import { openPage, quiet, until, widget } from '../kit.mjs';
import { RICH } from '../mock-rich.mjs';

export const cases = {
  'the widget works under a strict policy': { needs: 'mock', run: strict },
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
