// Every kind of rich response: drawn, clicked and filled in; checked by axe, at 320 px and wide.
import assert from 'node:assert/strict';
import { openPage, quiet, until, widget } from '../kit.mjs';
import { RICH } from '../mock-rich.mjs';
import { breaches, NARROW, overflow, WIDE } from './axe.mjs';

export const cases = {
  'every kind of answer is shown, accessible and not too wide': {
    needs: 'mock',
    run: everyKind,
  },
  'suggestions disappear when used and when newer ones come': { needs: 'mock', run: chips },
  'a form by keyboard shows its errors and sends its values': { needs: 'mock', run: form },
  'a wall covers the conversation until it is cancelled or sent': { needs: 'mock', run: wall },
  'a location is requested and sent': { needs: 'mock', run: place },
};

async function begin(browser, url, options) {
  const page = await openPage(browser, url, options);
  const visitor = widget(page);
  await visitor.open();
  await visitor.next('bot', []);
  const show = async (kind) => {
    const before = await visitor.lines();
    await visitor.say(`show ${kind}`);
    return visitor.next('bot', before);
  };
  return { page, visitor, show };
}

const posted = (mock, look) => until(() => mock.world.posts.find(look), 'what was sent');

/** Type or tag of the focused element, through all shadow roots. */
const focused = (page) =>
  page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.type ?? element?.localName;
  });

async function everyKind(browser, { url }) {
  const { page, show } = await begin(browser, url);
  for (const kind of RICH.keys()) {
    if (kind === 'wall' || kind === 'forced') continue;
    const lines = await show(kind);
    const words = RICH.get(kind).content[0].title ?? '';
    assert.ok(lines.at(-1).includes(words), `${kind}: ${lines.at(-1)}`);
  }
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const size of [WIDE, NARROW]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(size);
      found.push(...(await breaches(page, `${colorScheme}, ${size.width} px`)));
      assert.ok((await overflow(page)) <= 0, `${size.width} px`);
    }
  }
  assert.deepEqual(found, []);
  quiet(page);
}

async function chips(browser, { url, mock }) {
  const { page, visitor, show } = await begin(browser, url);
  const offered = page.locator('baton-messages .chip');
  assert.equal(await offered.count(), 3);
  await show('suggestions');
  assert.deepEqual(await offered.allInnerTexts(), [
    'Opening hours',
    'Cancel',
    'Shop\n↗',
    'Near me',
  ]);
  const more = { type: 'suggestions', buttons: [RICH.get('suggestions').content[0].buttons[0]] };
  const event = { type: 'bot_message', text: 'more', content: [more] };
  await fetch(`${url}/mock/inject`, { method: 'POST', body: JSON.stringify({ event }) });
  await until(async () => (await offered.count()) === 1, 'newer suggestions alone');
  await offered.click();
  await visitor.has('visitor: Opening hours');
  assert.equal(await offered.count(), 0);
  await show('suggestions');
  await offered.filter({ hasText: 'Cancel' }).click();
  await visitor.has('visitor: Cancel');
  const sent = await posted(mock, (body) => body.event?.name === 'CANCEL');
  assert.deepEqual(sent.event.parameters, { step: 1 });
  assert.equal(new URL(sent.page.url).origin, url);
  quiet(page);
}

async function form(browser, { url, mock }) {
  const { page, visitor, show } = await begin(browser, url);
  await show('form');
  await page.keyboard.press('Shift+Tab');
  const box = page.locator('baton-form');
  await box.locator('.go').press('Enter');
  assert.match(await box.locator('[role=alert]').textContent(), /2 fields/);
  assert.equal(await focused(page), 'email');
  const mail = box.locator('input[type=email]');
  const told = (await mail.getAttribute('aria-describedby')).split(' ');
  assert.equal(
    await box.locator(`#${told.at(-1)}`).textContent(),
    'We need an address to write to',
  );
  assert.deepEqual(await breaches(page, 'a form with errors'), []);
  await page.keyboard.type('jane@example.com');
  assert.equal(await mail.getAttribute('aria-invalid'), 'false');
  await page.keyboard.press('Tab');
  await page.keyboard.type('12');
  await page.keyboard.press('Home');
  assert.equal(await focused(page), 'text', 'keys stay in the field');
  await box.getByLabel('Note').fill('ring twice');
  await box.getByLabel('Tuesday').check();
  await box.getByLabel('Ground').check();
  await box.getByLabel('Roast').selectOption({ label: 'Dark' });
  await box.getByLabel('Send me news').check();
  await box.locator('.go').click();
  await until(async () => (await focused(page)) === 'text', 'focus in the wrong field');
  assert.equal(
    mock.world.posts.some(({ parameters }) => parameters),
    false,
  );
  await box.getByLabel('Postcode').fill('1234');
  await page.keyboard.press('Enter');
  const sent = await posted(mock, (body) => body.event?.name === 'DELIVERY');
  assert.deepEqual(sent.event.parameters, { from: 'form' });
  assert.deepEqual(sent.parameters, {
    email: 'jane@example.com',
    postcode: '1234',
    note: 'ring twice',
    days: { 1: true, 2: true },
    grind: 'B',
    roast: 'dark',
    news: true,
  });
  await visitor.has('visitor: Your delivery');
  assert.equal(await box.locator('.go').count(), 0);
  await page.reload();
  await box.getByText('Sent.').waitFor();
  quiet(page);
}

async function wall(browser, { url, mock }) {
  const { page, visitor } = await begin(browser, url, { viewport: NARROW });
  const box = page.locator('.wall');
  await visitor.say('show wall');
  await box.waitFor();
  await until(async () => (await focused(page)) === 'email', 'focus in the form');
  assert.equal(await visitor.input.isVisible(), false);
  assert.deepEqual(await breaches(page, 'a wall'), []);
  for (let i = 0; i < 16; i += 1) {
    await page.keyboard.press('Tab');
    const inside = await page.evaluate(
      () => document.querySelector('baton-widget').shadowRoot.activeElement?.localName,
    );
    assert.equal(inside, 'baton-chat', `after ${i + 1} steps`);
  }
  await box.locator('.cancel').click();
  await until(async () => (await focused(page)) === 'textarea', 'focus in the input');
  await page.locator('baton-messages .card-button').last().click();
  await box.waitFor();
  await page.keyboard.press('Escape');
  await box.waitFor({ state: 'detached' });
  await visitor.say('show forced');
  await box.getByText('Before we begin').waitFor();
  assert.equal(await box.locator('.cancel').count(), 0);
  await box.getByLabel('E-mail').fill('jane@example.com');
  await box.getByLabel('Whole beans').check();
  await box.locator('.go').click();
  await box.waitFor({ state: 'detached' });
  await posted(mock, (body) => body.event?.name === 'DELIVERY');
  await visitor.has('visitor: Before we begin');
  quiet(page);
}

async function place(browser, { url, mock }) {
  const geolocation = { latitude: 48.2, longitude: 16.4 };
  const allowed = { geolocation, permissions: ['geolocation'] };
  const near = async (options, kind) => {
    const { page, show } = await begin(browser, url, options);
    await show('suggestions');
    await page.locator('baton-messages .chip', { hasText: 'Near me' }).click();
    return posted(mock, kind);
  };
  const there = await near(allowed, (body) => body.text === 'shops near me');
  assert.deepEqual(there.parameters, { place: { lat: 48.2, longitude: 16.4 } });
  const refused = await near({}, (body) => body.event?.name === 'NO_PLACE');
  assert.deepEqual(refused.event.parameters, { place: { errorCode: 1 } });
}
