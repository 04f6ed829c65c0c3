// All messages stay text: no dialog opens, no script runs, and the text is shown as typed.
import assert from 'node:assert/strict';
import { handover, openPage, quiet, until, widget, desk } from '../kit.mjs';
import { RICH } from '../mock-rich.mjs';
import { PAYLOADS } from './payloads.mjs';

export const cases = {
  'scripts in messages of visitor and agent stay text on both sides': {
    needs: 'any',
    run: bothWays,
  },
  'scripts in any event from the server stay text in the widget': {
    needs: 'mock',
    run: lyingToWidget,
  },
  'scripts in any event from the server stay text at the desk': {
    needs: 'mock',
    run: lyingToDesk,
  },
};

const ALLOWED = 'p, span, a, strong, em, code, ul, ol, li, pre, img, svg, path, circle';

/** Checks that nothing ran, and that message bodies contain only the elements we draw. */
async function harmless(page) {
  quiet(page);
  assert.equal(await page.evaluate(() => window.xss), undefined);
  const found = await page.evaluate((allowed) => {
    const bad = [];
    const walk = (root) => {
      for (const element of root.querySelectorAll('*')) {
        if (element.shadowRoot) walk(element.shadowRoot);
        const href = element.getAttribute('href') ?? element.getAttribute('src') ?? '';
        if (/^\s*(javascript|data|vbscript):/i.test(href)) bad.push(href);
        if ([...element.attributes].some(({ name }) => /^on/i.test(name)))
          bad.push(element.localName);
        if (
          element.parentElement?.closest('.bubble:not(.dots), .before dd') &&
          !element.matches(allowed)
        ) {
          bad.push(element.localName);
        }
      }
    };
    walk(document);
    return bad;
  }, ALLOWED);
  assert.deepEqual(found, []);
}

const shown = (lines, from) =>
  lines.filter((line) => line.startsWith(`${from}: `)).map((line) => line.slice(from.length + 2));

/** The visible text of an agent's message after the widget has drawn its Markdown. */
const drawn = (text) => text.replaceAll(/`([^`]+)`/g, '$1');

async function bothWays(browser, target) {
  const { visitorPage, visitor, deskPage, agent } = await handover(browser, target);
  for (const payload of PAYLOADS) await visitor.say(payload);
  await until(
    async () => shown(await agent.lines(), 'visitor').length >= PAYLOADS.length,
    'all visitor lines at the desk',
  );
  for (const payload of PAYLOADS) await agent.say(payload);
  await until(
    async () => shown(await visitor.lines(), 'agent').length >= PAYLOADS.length,
    'all agent lines in the widget',
  );
  const typed = PAYLOADS.map((payload) => payload.trim());
  assert.deepEqual(shown(await visitor.lines(), 'agent'), typed);
  assert.deepEqual(shown(await visitor.lines(), 'visitor').slice(-typed.length), typed);
  assert.deepEqual(shown(await agent.lines(), 'visitor'), typed);
  assert.deepEqual(shown(await agent.lines(), 'agent'), typed);
  await visitorPage.reload();
  await until(
    async () => shown(await visitor.lines(), 'agent').length === typed.length,
    'the history after a reload',
  );
  await harmless(visitorPage);
  await harmless(deskPage);
  await deskPage.locator('desk-chat .hand-back').click();
}

async function lyingToWidget(browser, { url, mock }) {
  const page = await openPage(browser, url);
  const visitor = widget(page);
  await visitor.open();
  await visitor.next('bot', []);
  const inject = (event) =>
    fetch(`${url}/mock/inject`, { method: 'POST', body: JSON.stringify({ event }) });
  for (const payload of PAYLOADS) {
    await inject({ type: 'notice', kind: payload, text: payload });
    const agent = { name: payload, avatarUrl: payload };
    await inject({ type: 'control', control: 'human', agent, reason: payload });
    await inject({ type: 'agent_message', text: payload, agent });
    await inject({ type: 'bot_message', text: payload });
    await inject({ type: 'bot_message', text: 'x', content: contentOf(payload) });
    await inject({ type: 'bot_message', text: payload, content: [{ type: payload }, payload] });
    await inject({ type: payload, text: payload });
  }
  await inject({
    type: 'typing',
    agent: { name: PAYLOADS[0], avatarUrl: PAYLOADS[0] },
    until: 'x',
  });
  await visitor.has(`notice: ${PAYLOADS.at(-1)}`);
  await until(
    async () => shown(await visitor.lines(), 'agent').length === PAYLOADS.length,
    'all agent lines',
  );
  assert.deepEqual(shown(await visitor.lines(), 'agent'), PAYLOADS.map(drawn));
  assert.equal(await visitor.title.textContent(), PAYLOADS.at(-1));
  await harmless(page);
  const links = await page
    .locator('baton-messages a')
    .evaluateAll((all) => all.map((link) => link.protocol));
  assert.ok(
    links.every((protocol) => /^(https?|mailto|tel):$/.test(protocol)),
    `${links}`,
  );
  assert.ok((await page.locator('baton-messages .carousel .card').count()) > 0);
  assert.ok((await page.locator('baton-form input').count()) > PAYLOADS.length);
  assert.ok(mock.world.conversations.size > 0);
}

/** A message with every kind of element, in which each text and address is the payload. */
function contentOf(payload) {
  const all = [...RICH.values()].flatMap(({ content }) => content);
  return all.filter(({ style }) => style !== 'wall').map((element) => poisoned(element, payload));
}

/** Fields that decide how an element is drawn keep their value. */
const SHAPE = new Set(['type', 'style', 'align', 'target']);

function poisoned(value, payload, key = '') {
  if (typeof value === 'string') return SHAPE.has(key) ? value : payload;
  if (Array.isArray(value)) return value.map((one) => poisoned(one, payload, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    // The kind of media stays, because an unknown kind would not use the address.
    Object.entries(value).map(([name, one]) => [
      name,
      name === 'kind' && 'url' in value ? one : poisoned(one, payload, name),
    ]),
  );
}

async function lyingToDesk(browser, target) {
  const { mock, url } = target;
  const visitorPage = await openPage(browser, url);
  await widget(visitorPage).open();
  await widget(visitorPage).say('talk to a person');
  const base = await until(() => [...mock.world.chats.values()][0], 'a chat');
  for (const [at, payload] of PAYLOADS.entries()) {
    const agent = { email: `a${at}`, name: payload, avatarUrl: payload };
    mock.world.chats.set(`cht_x${at}`, {
      ...base,
      id: `cht_x${at}`,
      visitor: { userId: payload, name: payload },
      botId: payload,
      route: payload,
      language: payload,
      preview: payload,
      closeReason: payload,
      status: at % 3 === 0 ? 'live' : at % 3 === 1 ? 'queued' : 'closed',
      agent: at % 3 === 0 ? agent : null,
      transcript: ['visitor', 'bot', 'agent'].map((from) => ({ from, text: payload, at: payload })),
      byClient: new Map(),
      events: [
        { type: 'opened', text: payload, reason: payload },
        { type: 'visitor_message', text: payload },
        { type: 'agent_message', text: payload, agent, clientId: payload },
        { type: 'refused', message: 3, detail: payload },
        { type: payload, text: payload, kind: payload },
        { type: 'claimed', agent },
        { type: 'closed', reason: payload, agent },
      ].map((event, index) => ({ seq: index + 1, at: new Date().toISOString(), ...event })),
      seq: 7,
    });
  }
  mock.world.agent = { ...mock.world.agent, name: PAYLOADS[1], avatarUrl: PAYLOADS[0] };
  const page = await openPage(browser, `${url}/desk`);
  const agent = desk(page);
  await agent.signIn(target);
  for (const [at, payload] of PAYLOADS.entries()) {
    await page.evaluate((id) => (location.hash = id), `cht_x${at}`);
    await agent.has(`visitor: ${payload}`);
    // An agent's message without a format is Markdown.
    assert.deepEqual(await agent.lines(), [`visitor: ${payload}`, `agent: ${drawn(payload)}`]);
    assert.equal(await page.locator('desk-chat header h2').textContent(), payload.trim());
  }
  await harmless(page);
}
