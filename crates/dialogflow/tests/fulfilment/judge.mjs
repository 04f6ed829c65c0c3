// Runs the emulator with webhooks that Google's libraries make (webhook.mjs), asks it by REST as
// clients of Dialogflow do, and counts. Arguments: the folder of the packages, the `baton` program,
// the folder of the agents.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { start } from './webhook.mjs';

const [packages, baton, agents] = process.argv.slice(2);
const heard = [];
const webhook = await start(createRequire(pathToFileURL(`${packages}/`)), heard);

async function emulate(agent, path) {
  const args = ['emulate', `${agents}/${agent}`, '--webhook', webhook.url + path];
  const emulator = spawn(baton, [...args, '--listen', '127.0.0.1:0', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(emulator.stdout)) {
    return { base: JSON.parse(line).baseUrl, stop: () => emulator.kill() };
  }
  throw new Error(`the emulator of ${agent} did not start`);
}

// One session of an agent.
function visitor({ base }, id) {
  const session = `projects/demo/agent/sessions/${id}`;
  return async (said, queryParams = {}) => {
    const languageCode = 'en';
    const queryInput = said.startsWith('!')
      ? { event: { name: said.slice(1), languageCode } }
      : { text: { text: said, languageCode } };
    const response = await fetch(`${base}/v2/${session}:detectIntent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ queryInput, queryParams }),
    });
    assert.equal(response.status, 200);
    const { queryResult: result, webhookStatus: status } = await response.json();
    const contexts = Object.fromEntries(
      result.outputContexts.map((context) => [context.name.split('/').at(-1), context]),
    );
    return { result, status, contexts, text: result.fulfillmentText };
  };
}

const ok = { message: 'Webhook execution successful' };
const failed = (code, why) => ({ code, message: `Webhook call failed. Error: ${why}.` });

const pizza = {
  async 'a text of agent.add is the answer'(say) {
    const { result, status, text } = await say('hello');
    assert.equal(text, 'Buona sera, you said: hello');
    assert.deepEqual(result.fulfillmentMessages, [{ text: { text: [text] } }]);
    assert.deepEqual(status, ok);
    assert.equal(typeof result.diagnosticInfo.webhook_latency_ms, 'number');
  },
  async 'the headers of the export and of the query arrive'(say) {
    await say('hello', { webhookHeaders: { 'x-visitor': 'jane' } });
    const { headers, path } = heard.at(-1);
    assert.equal(path, '/pizza');
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers.authorization, `Basic ${btoa('kitchen:')}`);
    assert.equal(headers['x-shop'], 'vienna');
    assert.equal(headers['x-visitor'], 'jane');
  },
  async 'cards, suggestions, images and payloads become messages'(say) {
    const { result } = await say('show me the menu');
    assert.deepEqual(result.fulfillmentMessages.map((message) => Object.keys(message)[0]), [
      'card', 'quickReplies', 'image', 'payload',
    ]);
    const [card, replies, image, payload] = result.fulfillmentMessages;
    assert.equal(card.card.imageUri, 'https://example.com/menu.png');
    assert.deepEqual(card.card.buttons, [{ text: 'Order', postback: 'https://example.com/order' }]);
    assert.deepEqual(replies.quickReplies.quickReplies, ['salami', 'spinach']);
    assert.equal(image.image.imageUri, 'https://example.com/pizza.png');
    assert.deepEqual(payload.payload, { vegan: false });
  },
  async 'a conversation of the Assistant comes back as payload'(say) {
    const conversation = { conversationId: 'c', type: 'NEW' };
    const payload = { source: 'google', conversation, user: {}, inputs: [], surface: {} };
    const { result, status } = await say('show me the menu', { payload });
    assert.deepEqual(status, ok);
    const [said] = result.webhookPayload.google.richResponse.items;
    assert.equal(said.simpleResponse.textToSpeech, 'The menu for the Assistant.');
  },
  async 'slots are filled with prompts of the webhook, then contexts are set and deleted'(say) {
    const first = await say('I want to order a pizza');
    assert.equal(first.text, 'Which topping, signore?');
    assert.equal(first.result.allRequiredParamsPresent, undefined);
    assert.equal((await say('salami')).text, 'A small or a large salami pizza?');
    const ordered = await say('large');
    assert.equal(ordered.text, 'Number 17: one large salami pizza.');
    assert.equal(ordered.result.allRequiredParamsPresent, true);
    assert.equal(ordered.contexts.order.lifespanCount, 3);
    assert.equal(ordered.contexts.order.parameters.number, 17);
    assert.equal((await say('where is my pizza')).text, 'Number 17 is in the oven.');
    const cancelled = await say('cancel my order');
    assert.equal(cancelled.text, 'Your order is cancelled.');
    assert.equal(cancelled.result.intent.endInteraction, true);
    assert.equal(cancelled.contexts.order, undefined);
    const { result } = await say('where is my pizza');
    assert.equal(result.intent.isFallback, true);
  },
  async 'a follow-up event is matched in the same turn'(say) {
    const { result, status, text } = await say('do you deliver tonight');
    assert.equal(text, 'We are closed and open again at five.');
    assert.equal(result.intent.displayName, 'delivery.closed');
    assert.deepEqual(status, ok);
  },
  async 'events in a circle end after three calls'(say) {
    const before = heard.length;
    const { status, text } = await say('check the oven');
    assert.equal(text, 'The oven is being checked.');
    assert.equal(heard.length - before, 3);
    assert.deepEqual(status, failed(3, 'More than 2 follow-up events in one turn'));
  },
  async 'an exception leaves the answer of the agent'(say) {
    const { status, text } = await say("what is today's special");
    assert.equal(text, 'There is no special offer today.');
    const why = 'UNAVAILABLE, State: URL_UNREACHABLE, Reason: UNREACHABLE_5xx, HTTP status code: 500';
    assert.deepEqual(status, failed(14, why));
  },
  async 'a webhook that needs more than five seconds is not waited for'(say) {
    const { status, text } = await say('hello', { payload: { slow: true } });
    assert.equal(text, 'Hello! The kitchen does not answer right now.');
    const why = 'DEADLINE_EXCEEDED, State: URL_TIMEOUT, Reason: TIMEOUT_WEB';
    assert.deepEqual(status, failed(4, why));
  },
  async 'an intent without webhook does not call it'(say) {
    const before = heard.length;
    const { status } = await say('tell me about the weather in Oslo');
    assert.deepEqual([status, heard.length], [undefined, before]);
  },
};

const genie = {
  async 'an app of actions-on-google keeps its data and contexts in the session'(say) {
    const payload = { conversation: { conversationId: 'c' }, user: {}, inputs: [], surface: {} };
    const game = await say('!GOOGLE_ASSISTANT_WELCOME', { payload });
    assert.deepEqual(game.status, ok);
    assert.equal(game.contexts.game.parameters.answer, 42);
    const [asked] = game.result.webhookPayload.google.richResponse.items;
    assert.equal(asked.simpleResponse.textToSpeech, 'Game 1. Your guess?');
    const guessed = await say('is it 12', { payload });
    const [said] = guessed.result.webhookPayload.google.richResponse.items;
    assert.equal(said.simpleResponse.textToSpeech, '12 of 42 in game 1');
    assert.equal(guessed.result.webhookPayload.google.expectUserResponse, false);
  },
};

let [passed, broken] = [0, 0];
for (const [agent, path, cases] of [
  ['pizza-orders', '/pizza', pizza],
  ['number-genie', '/genie', genie],
]) {
  const emulator = await emulate(agent, path);
  for (const [number, [name, play]] of Object.entries(cases).entries()) {
    try {
      await play(visitor(emulator, `s-${number}`));
      passed += 1;
    } catch (error) {
      broken += 1;
      console.error(`${agent}: ${name}\n${error.stack}`);
    }
  }
  emulator.stop();
}
webhook.stop();
console.log(`${passed} passed, ${broken} failed`);
process.exit(broken === 0 ? 0 : 1);
