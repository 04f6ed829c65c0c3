// The widget and the desk without a mouse.
import assert from 'node:assert/strict';
import { openPage, queued, quiet, until, widget } from '../kit.mjs';

/** Tag and class of the focused element, through all shadow roots. */
const focused = (page) =>
  page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return `${element?.localName} ${element?.className ?? ''}`.trim();
  });

export const cases = {
  'the widget by keyboard alone': { needs: 'any', run: widgetKeys },
  'on a phone the focus stays in the chat': { needs: 'any', run: sheetKeys },
  'the desk by keyboard alone': { needs: 'any', run: deskKeys },
  'each new message is announced once': { needs: 'mock', run: announced },
};

async function widgetKeys(browser, target) {
  const page = await openPage(browser, target.url);
  const visitor = widget(page);
  await visitor.launcher.focus();
  await page.keyboard.press('Enter');
  await until(async () => (await focused(page)) === 'textarea', 'focus in the input');
  await page.keyboard.type('what do you do?');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second line');
  assert.equal(await visitor.input.inputValue(), 'what do you do?\nsecond line');
  await page.keyboard.press('Enter');
  await visitor.answered('what do you do?\nsecond line');
  assert.equal(await focused(page), 'textarea', 'a new message must not move the focus');

  await page.keyboard.press('ArrowUp');
  assert.match(await focused(page), /^li message bot/);
  // The answer may have several messages.
  const ofBot = async () => (await focused(page)).startsWith('li message bot');
  for (let up = 0; up < 4 && (await ofBot()); up += 1) await page.keyboard.press('ArrowUp');
  assert.match(await focused(page), /^li message visitor/);
  await page.keyboard.press('End');
  assert.match(await focused(page), /^li message bot/);
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'textarea');
  await page.keyboard.press('Escape');
  assert.match(await focused(page), /^button launcher/);
  assert.equal(await visitor.launcher.getAttribute('aria-expanded'), 'false');
  quiet(page);
}

async function sheetKeys(browser, target) {
  const page = await openPage(browser, target.url, { viewport: { width: 360, height: 640 } });
  const visitor = widget(page);
  await visitor.launcher.focus();
  await page.keyboard.press('Enter');
  await until(async () => (await focused(page)) === 'textarea', 'focus in the input');
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press(i < 6 ? 'Tab' : 'Shift+Tab');
    const inside = await page.evaluate(() => {
      const root = document.querySelector('baton-widget').shadowRoot;
      return root.activeElement?.localName === 'baton-chat';
    });
    assert.ok(inside, `after ${i + 1} steps`);
  }
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `the page is ${width} px wide`);
}

async function deskKeys(browser, target) {
  const { visitor, deskPage: page } = await queued(browser, target);
  await page.bringToFront();
  await page.keyboard.press('?');
  await page.locator('desk-help dialog[open]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('desk-help dialog[open]').waitFor({ state: 'detached' });
  for (;;) {
    await page.keyboard.press('j');
    const row = page.locator('desk-queue .row[aria-current]');
    await row.waitFor();
    const last = page.locator('desk-queue .waiting .row').last();
    if ((await row.getAttribute('data-chat')) === (await last.getAttribute('data-chat'))) break;
  }
  await page.keyboard.press('c');
  await until(async () => (await focused(page)) === 'textarea', 'focus in the reply');
  await page.keyboard.type('hello');
  await page.keyboard.press('Enter');
  await visitor.has('agent: hello');
  await page.keyboard.press('Escape');
  assert.notEqual(await focused(page), 'textarea');
  await page.keyboard.press('r');
  assert.equal(await focused(page), 'textarea');
  await page.locator('desk-chat .hand-back').click();
  quiet(page);
}

async function announced(browser, target) {
  const page = await openPage(browser, target.url);
  const visitor = widget(page);
  await visitor.open();
  await visitor.next('bot', []);
  await page.evaluate(() => {
    const root = document.querySelector('baton-widget').shadowRoot.querySelector('baton-chat');
    const live = root.shadowRoot.querySelector('[aria-live]');
    window.heard = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        window.heard.push(...[...addedNodes].map((node) => node.textContent));
      }
    }).observe(live, { childList: true });
  });
  const before = await visitor.lines();
  await visitor.say('what do you do?');
  await visitor.next('bot', before);
  await until(() => page.evaluate(() => window.heard.length > 0), 'an announcement');
  await until(
    () =>
      page.evaluate(() => {
        const root = document.querySelector('baton-widget').shadowRoot.querySelector('baton-chat');
        return root.shadowRoot.querySelector('[aria-live]').childElementCount === 0;
      }),
    'an empty live region',
  );
  const heard = await page.evaluate(() => window.heard);
  assert.equal(heard.length, 1);
  assert.match(heard[0], /I can tell you about/);
}
