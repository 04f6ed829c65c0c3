// C7: two tabs of one browser are one visitor, or one agent.
import assert from 'node:assert/strict';
import { desk, openPage, quiet, queued, until, widget } from '../kit.mjs';

export const cases = {
  'C7: two tabs of a visitor show each message once, and count one unread': {
    needs: 'mock',
    run: visitorTabs,
  },
  'C7: two tabs that open the chat at once are one visitor': { needs: 'any', run: together },
  'C7: two tabs of a desk give one notification, and none while one has the focus': {
    needs: 'any',
    run: deskTabs,
  },
  'P1: what an agent types reads as typed at the visitor and at the desk': {
    needs: 'any',
    run: sameWords,
  },
};

const tell = (url, text) =>
  fetch(`${url}/mock/inject`, {
    method: 'POST',
    body: JSON.stringify({ event: { type: 'agent_message', text, agent: { name: 'Jane Doe' } } }),
  });

async function secondTab(page, url) {
  const other = await page.context().newPage();
  other.alarms = [];
  other.on('pageerror', (error) => other.alarms.push(`error: ${error.message}`));
  await other.goto(url);
  return other;
}

async function visitorTabs(browser, { url, mock }) {
  const page = await openPage(browser, url);
  const one = widget(page);
  await one.open();
  await one.next('bot', []);
  const otherPage = await secondTab(page, url);
  const other = widget(otherPage);
  await other.open();
  await other.next('bot', []);
  assert.equal(mock.world.conversations.size, 1);

  await one.say('what do you do?');
  await one.answered('what do you do?');
  await other.answered('what do you do?');
  assert.deepEqual(await other.lines(), await one.lines());
  assert.equal((await one.lines()).filter((line) => line === 'visitor: what do you do?').length, 1);

  // Nobody looks: both tabs count the same one message.
  for (const tab of [page, otherPage]) await tab.keyboard.press('Escape');
  await tell(url, 'Are you there?');
  const counts = async () => Promise.all([page, otherPage].map((tab) => tab.title()));
  const all = (test) => async () => (await counts()).every(test);
  await until(
    all((title) => title.startsWith('(1) ')),
    'one unread in both titles',
  );
  // One looks: nothing is unread any more, in either.
  await other.open();
  await until(
    all((title) => !title.startsWith('(')),
    'both titles without a count',
  );
  assert.equal(await page.locator('baton-widget .badge').isVisible(), false);
  for (const tab of [page, otherPage]) quiet(tab);
}

async function together(browser, { url }) {
  const page = await openPage(browser, url);
  const otherPage = await secondTab(page, url);
  const made = [];
  page.context().on('request', (request) => {
    if (request.url().endsWith('/visitors')) made.push(request.url());
  });
  const both = [page, otherPage].map(widget);
  await Promise.all(both.map((one) => one.open()));
  for (const one of both) await one.next('bot', []);
  assert.equal(made.length, 1);
  await both[0].say('what do you do?');
  for (const one of both) await one.answered('what do you do?');
  const [first, second] = await Promise.all(both.map((one) => one.lines()));
  assert.deepEqual(first, second);
  for (const tab of [page, otherPage]) quiet(tab);
}

/** Notes each notification, and lets the test say which tab has the focus. */
async function withAlerts(context, notes) {
  await context.exposeBinding('noteShown', (_, title) => notes.push(title));
  await context.addInitScript(() => {
    localStorage.setItem('baton.desk.settings', '{"alerts":true}');
    window.focused = false;
    document.hasFocus = () => window.focused;
    window.Notification = class extends EventTarget {
      static permission = 'granted';
      constructor(title, { tag }) {
        super();
        window.noteShown(`${title}: ${tag}`);
      }
      close() {}
    };
  });
}

const focus = (page, focused) =>
  page.evaluate((now) => {
    window.focused = now;
    window.dispatchEvent(new Event(now ? 'focus' : 'blur'));
  }, focused);

async function deskTabs(browser, target) {
  const page = await openPage(browser, 'about:blank');
  const notes = [];
  await withAlerts(page.context(), notes);
  await page.goto(`${target.url}/desk`);
  const agent = desk(page);
  await agent.signIn(target);
  const otherPage = await secondTab(page, `${target.url}/desk`);
  await otherPage.locator('desk-queue .me').waitFor();
  const tabs = [page, otherPage];
  const rowsOf = (tab) => tab.locator('desk-queue .waiting .row');
  /** A visitor asks for a person. Returns once both tabs show it, and have told what they tell. */
  const ask = async () => {
    const before = await Promise.all(tabs.map((tab) => rowsOf(tab).count()));
    const visitor = widget(await openPage(browser, target.url));
    await visitor.open();
    await visitor.say('talk to a person');
    for (const [at, tab] of tabs.entries()) {
      await until(async () => (await rowsOf(tab).count()) > before[at], `a row in tab ${at + 1}`);
    }
    for (const tab of tabs) {
      await tab.evaluate(() => navigator.locks.request('baton.desk.told', () => undefined));
    }
    return rowsOf(page).last().getAttribute('data-chat');
  };
  const first = await ask();
  await until(() => notes.length > 0, 'a notification');
  await focus(otherPage, true);
  await ask();
  await focus(otherPage, false);
  const third = await ask();
  await until(() => notes.length > 1, 'a notification of the third visitor');
  assert.deepEqual(
    notes,
    [first, third].map((chat) => `A visitor is waiting: ${chat}`),
  );
  for (const tab of [page, otherPage]) quiet(tab);
}

const TYPED = '2*3*4 = **24** and _this_ `too`';

async function sameWords(browser, target) {
  const { visitorPage, visitor, deskPage, agent } = await queued(browser, target);
  await agent.takeNewest();
  await agent.say(TYPED);
  await visitor.has(`agent: ${TYPED}`);
  await agent.has(`agent: ${TYPED}`);
  await visitor.say(TYPED);
  await agent.has(`visitor: ${TYPED}`);
  await deskPage.reload();
  await visitorPage.reload();
  await visitor.has(`agent: ${TYPED}`);
  await agent.has(`agent: ${TYPED}`);
  await deskPage.locator('desk-chat .hand-back').click();
  for (const tab of [visitorPage, deskPage]) quiet(tab);
}
