// Shared by all cases: the widget and the desk as a person sees them, and waiting for things.
import assert from 'node:assert/strict';

export const WAIT_MS = 15_000;

/** Waits until `look` returns a truthy value, and returns it. Fails with `what` in the error. */
export async function until(look, what) {
  const end = Date.now() + WAIT_MS;
  let seen;
  while (Date.now() < end) {
    seen = await look();
    if (seen) return seen;
    await new Promise((done) => setTimeout(done, 40));
  }
  throw new Error(`${what} did not come`);
}

/** Opens a page that collects dialogs, script errors and policy violations for `quiet`. */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, ...options });
  const page = await context.newPage();
  page.alarms = [];
  page.on('dialog', (dialog) => {
    page.alarms.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => page.alarms.push(`error: ${error.message}`));
  page.on('console', (line) => {
    if (/Content Security Policy|Trusted/i.test(line.text())) page.alarms.push(line.text());
  });
  await page.goto(url);
  return page;
}

export const widget = (page) => ({
  launcher: page.locator('baton-widget .launcher'),
  panel: page.locator('baton-chat'),
  input: page.locator('baton-composer textarea'),
  title: page.locator('baton-chat .head h2'),
  typing: page.locator('baton-messages .typing'),

  async open() {
    await this.launcher.click();
    await this.input.waitFor();
  },

  async say(text) {
    await this.input.focus();
    await page.keyboard.insertText(text);
    await page.keyboard.press('Enter');
  },

  /** All messages in order: `visitor: …`, `bot: …`, `agent: …`, `notice: …`. */
  lines() {
    return page.evaluate(() => {
      const list = document
        .querySelector('baton-widget')
        ?.shadowRoot?.querySelector('baton-chat')
        ?.shadowRoot?.querySelector('baton-messages')?.shadowRoot;
      const items = [...(list?.querySelectorAll('.message:not(.typing), .notice') ?? [])];
      return items.map((item) => {
        const from = ['visitor', 'bot', 'agent'].find((one) => item.classList.contains(one));
        const words = [
          ...item.querySelectorAll('.bubble, .card, .chips, .items, .table, .media, baton-form'),
        ];
        const text = words.map((one) => {
          const own = one.shadowRoot?.querySelector('#title') ?? one;
          return own.textContent.trim();
        });
        return `${from ?? 'notice'}: ${from ? text.join(' ') : item.textContent.trim()}`;
      });
    });
  },

  /** Waits until one author has more messages than in `before`. */
  async next(from, before) {
    const count = (lines) => lines.filter((line) => line.startsWith(`${from}: `)).length;
    return until(async () => {
      const now = await this.lines();
      return count(now) > count(before) && now;
    }, `a line by ${from}`);
  },

  has(line) {
    return until(async () => (await this.lines()).includes(line), line);
  },

  /** Waits until this message of the visitor is shown and the last message is the bot's. */
  async answered(text) {
    await this.has(`visitor: ${text}`);
    await until(async () => (await this.lines()).at(-1).startsWith('bot: '), 'an answer');
  },
});

export const desk = (page) => ({
  typing: page.locator('desk-log .typing'),
  input: page.locator('desk-reply textarea'),

  async signIn({ email, password }) {
    await page.locator('desk-sign-in #email').fill(email);
    await page.locator('desk-sign-in #password').fill(password);
    await page.keyboard.press('Enter');
    await page.locator('desk-queue .me').waitFor();
  },

  name: () => page.locator('desk-queue .me').textContent(),

  /** Takes the chat with the shortest waiting time. Returns its id. */
  async takeNewest() {
    const row = page.locator('desk-queue .waiting .row').last();
    await row.waitFor({ timeout: WAIT_MS });
    const id = await row.getAttribute('data-chat');
    await row.click();
    await page.locator('desk-chat .claim').click();
    await this.input.waitFor();
    return id;
  },

  async say(text) {
    await this.input.focus();
    await page.keyboard.insertText(text);
    await page.keyboard.press('Enter');
  },

  lines() {
    return page.evaluate(() => {
      const chat = document
        .querySelector('baton-desk')
        ?.shadowRoot?.querySelector('desk-chat')?.shadowRoot;
      const log = chat?.querySelector('desk-log')?.shadowRoot;
      return [...(log?.querySelectorAll('.message') ?? [])].map((item) => {
        const from = item.classList.contains('agent') ? 'agent' : 'visitor';
        return `${from}: ${item.querySelector('.bubble').textContent.trim()}`;
      });
    });
  },

  has(line) {
    return until(async () => (await this.lines()).includes(line), line);
  },
});

export function quiet(page) {
  assert.deepEqual(page.alarms, []);
}

/** Signs an agent in and brings a visitor into the queue. Returns both sides. */
export async function queued(browser, target) {
  const deskPage = await openPage(browser, `${target.url}/desk`);
  const agent = desk(deskPage);
  await agent.signIn(target);
  const rows = deskPage.locator('desk-queue .waiting .row');
  const before = await rows.count();
  const visitorPage = await openPage(browser, target.url);
  const visitor = widget(visitorPage);
  await visitor.open();
  await visitor.say('what do you do?');
  await visitor.answered('what do you do?');
  await visitor.say('talk to a person');
  await until(async () => (await rows.count()) > before, 'the visitor in the queue');
  return { visitorPage, visitor, deskPage, agent };
}

/** Brings a visitor to a human agent. Returns both sides. */
export async function handover(browser, target) {
  const { visitorPage, visitor, deskPage, agent } = await queued(browser, target);
  await agent.takeNewest();
  return { visitorPage, visitor, deskPage, agent };
}

export async function closeAll(...pages) {
  for (const page of pages) await page.context().close();
}
