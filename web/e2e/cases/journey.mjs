// A whole conversation: bot, human agent, reloads in the middle, back to the bot.
import assert from 'node:assert/strict';
import { closeAll, desk, handover, openPage, quiet, until, widget } from '../kit.mjs';

const ROUNDS = 5;

export const cases = {
  'bot, human with five messages each way and two reloads, bot again': {
    needs: 'any',
    run: wholeWay,
  },
  'nothing is stored or requested before the first open': { needs: 'any', run: nothingBefore },
  'a draft at the desk survives a reload': { needs: 'any', run: draftStays },
  'signing out in one tab signs out the others at once': { needs: 'any', run: signOut },
  'a chat that no agent could take is marked as missed at the desk': { needs: 'mock', run: missed },
};

async function wholeWay(browser, target) {
  const { visitorPage, visitor, deskPage, agent } = await handover(browser, target);
  const name = (await agent.name()).trim();

  const said = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    if (round === 3) {
      await visitorPage.reload();
      await deskPage.reload();
      await visitor.input.waitFor();
      await agent.input.waitFor();
    }
    said.push(...(await oneRound({ visitorPage, visitor, deskPage, agent }, round, round === 4)));
  }

  const spoken = (lines) => lines.filter((line) => /: (?:Question|Answer) \d/.test(line));
  assert.deepEqual(spoken(await visitor.lines()), said);
  assert.deepEqual(spoken(await agent.lines()), said);
  await until(async () => (await visitor.title.textContent()).trim() === name, 'the agent name');
  await until(
    async () => (await deskPage.locator('desk-log [data-delivery=delivered]').count()) > 0,
    'the delivery mark',
  );

  await deskPage.locator('desk-chat .hand-back').click();
  await visitor.has(
    `notice: ${name} has left the conversation. You are now chatting with the bot.`,
  );
  const before = await visitor.lines();
  await visitor.say('what do you do?');
  await visitor.next('bot', before);
  assert.deepEqual(spoken(await visitor.lines()), said);
  quiet(visitorPage);
  quiet(deskPage);
  await closeAll(visitorPage, deskPage);
}

async function oneRound({ visitorPage, visitor, deskPage, agent }, round, showsTyping) {
  const question = `Question ${round}`;
  const answer = `Answer ${round}`;
  await visitor.input.focus();
  await visitorPage.keyboard.type(question);
  if (round === 1 || showsTyping) await typeUntil(visitorPage, agent.typing);
  await visitorPage.keyboard.press('Enter');
  await agent.has(`visitor: ${question}`);
  await agent.typing.waitFor({ state: 'detached' });
  await agent.input.focus();
  await deskPage.keyboard.type(answer);
  if (round === 1 || showsTyping) await typeUntil(deskPage, visitor.typing);
  await deskPage.keyboard.press('Enter');
  await visitor.has(`agent: ${answer}`);
  await visitor.typing.waitFor({ state: 'detached' });
  return [`visitor: ${question}`, `agent: ${answer}`];
}

/** Types spaces, which are trimmed later, until the other side sees the typing sign. */
async function typeUntil(page, sign) {
  await until(async () => {
    await page.keyboard.type(' ');
    return sign.isVisible();
  }, 'the typing sign');
}

async function nothingBefore(browser, target) {
  const page = await openPage(browser, target.url);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await widget(page).launcher.waitFor();
  await page.reload();
  await widget(page).launcher.waitFor();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 1_200)));
  const ours = asked.filter((url) => /\/v1\/|\/assets\/chat-/.test(url));
  assert.deepEqual(ours, []);
  const stored = await page.evaluate(() => [
    Object.keys(localStorage),
    Object.keys(sessionStorage),
    document.cookie,
  ]);
  assert.deepEqual(stored, [[], [], '']);
  quiet(page);
}

async function draftStays(browser, target) {
  const { deskPage, agent } = await handover(browser, target);
  await agent.input.focus();
  // Every shortcut key, typed into the reply, is just a letter.
  await deskPage.keyboard.type('jkcri? half a sentence');
  await deskPage.reload();
  await agent.input.waitFor();
  assert.equal(await agent.input.inputValue(), 'jkcri? half a sentence');
  await deskPage.locator('desk-chat .hand-back').click();
  quiet(deskPage);
}

async function signOut(browser, target) {
  const page = await openPage(browser, `${target.url}/desk`);
  await desk(page).signIn(target);
  const other = await page.context().newPage();
  await other.goto(`${target.url}/desk`);
  await other.locator('desk-queue .me').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  for (const one of [page, other]) await one.locator('desk-sign-in').waitFor({ timeout: 5_000 });
}

async function missed(browser, target) {
  const deskPage = await openPage(browser, `${target.url}/desk`);
  await desk(deskPage).signIn(target);
  await deskPage.locator('desk-queue .availability').click();
  await deskPage.locator('desk-queue [aria-checked=false]').waitFor();
  await until(() => !target.mock.world.available, 'the switch at the server');
  const visitorPage = await openPage(browser, target.url);
  await widget(visitorPage).open();
  await widget(visitorPage).say('talk to a person');
  const row = deskPage.locator('desk-queue .closed .row');
  await row.locator('.missed').waitFor();
  await row.click();
  await deskPage.locator('desk-context .missed').waitFor();
  const status = await deskPage.locator('desk-log .status span').textContent();
  assert.equal(status, 'No agent was available: the visitor stayed with the bot');
  quiet(deskPage);
}
