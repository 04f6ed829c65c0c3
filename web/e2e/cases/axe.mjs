// axe-core on the widget and the desk: wide and 320 px narrow, light and dark.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { handover, openPage, until, widget } from '../kit.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const WIDE = { width: 1280, height: 820 };
export const NARROW = { width: 320, height: 640 };

export const cases = {
  'axe finds nothing in widget and desk': { needs: 'any', run: everywhere },
  'nothing is wider than a 320 px screen': { needs: 'any', run: reflow },
};

export async function breaches(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(async (tags) => {
    const { violations } = await window.axe.run(document, {
      runOnly: { type: 'tag', values: tags },
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.flat(3).join(' ')} ${node.failureSummary}`),
    );
  }, TAGS);
  return found.map((line) => `${where}: ${line}`);
}

async function everywhere(browser, target) {
  const { visitorPage, visitor, deskPage, agent } = await handover(browser, target);
  await visitor.say('Can you help? See https://example.com');
  await agent.has('visitor: Can you help? See https://example.com');
  await agent.say('Of course.');
  await visitor.has('agent: Of course.');
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const size of [WIDE, NARROW]) {
      for (const page of [visitorPage, deskPage]) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize(size);
      }
      const where = `${colorScheme}, ${size.width} px`;
      found.push(...(await breaches(visitorPage, `widget with a human, ${where}`)));
      found.push(...(await breaches(deskPage, `desk, a chat, ${where}`)));
      await agent.input.press('Escape');
      await deskPage.keyboard.press('i');
      found.push(...(await breaches(deskPage, `desk, details switched, ${where}`)));
      await deskPage.keyboard.press('i');
    }
  }
  await deskPage.locator('desk-chat .hand-back').click();
  await deskPage.evaluate(() => (location.hash = ''));
  found.push(...(await breaches(deskPage, 'desk, the list, 320 px')));
  const signIn = await openPage(browser, `${target.url}/desk`);
  await signIn.locator('desk-sign-in').waitFor();
  found.push(...(await breaches(signIn, 'sign-in')));
  const closed = await openPage(browser, target.url);
  await widget(closed).launcher.waitFor();
  found.push(...(await breaches(closed, 'the launcher on the demo page')));
  assert.deepEqual(found, []);
}

async function reflow(browser, target) {
  const page = await openPage(browser, target.url, { viewport: NARROW });
  await widget(page).open();
  await widget(page).say('W'.repeat(300));
  await until(async () => (await widget(page).lines()).length > 1, 'the long word');
  const desk = await openPage(browser, `${target.url}/desk`, { viewport: NARROW });
  for (const one of [page, desk]) {
    const width = await one.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 320, `${width} px`);
  }
  const inner = await overflow(page);
  assert.ok(inner <= 0, `messages are ${inner} px too wide`);
}

/** By how many pixels the conversation is too wide. */
export function overflow(page) {
  return page.evaluate(() => {
    const root = document.querySelector('baton-widget').shadowRoot.querySelector('baton-chat');
    const list = root.shadowRoot.querySelector('baton-messages').shadowRoot;
    const scroller = list.querySelector('.scroller');
    return scroller.scrollWidth - scroller.clientWidth;
  });
}
