// Webhooks written with Google's own libraries, for the agents pizza-orders (dialogflow-fulfillment)
// and number-genie (actions-on-google), as they would run in a cloud function. `packages` requires
// what is installed elsewhere.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

// Longer than Dialogflow waits for an answer.
const SLOW_MS = 5500;

function pizzaOrders({ WebhookClient, Card, Suggestion, Payload, Image }, { Suggestions }) {
  const intents = {
    'Default Welcome Intent': (agent) => {
      agent.add(`Buona sera, you said: ${agent.query}`);
    },
    'pizza.order': (agent) => {
      const { topping, size } = agent.parameters;
      if (!topping) return agent.add('Which topping, signore?');
      if (!size) return agent.add(`A small or a large ${topping} pizza?`);
      agent.context.set({ name: 'order', lifespan: 3, parameters: { number: 17 } });
      agent.add(`Number 17: one ${size} ${topping} pizza.`);
    },
    'pizza.status': (agent) => {
      agent.add(`Number ${agent.context.get('order').parameters.number} is in the oven.`);
    },
    'pizza.cancel': (agent) => {
      agent.context.delete('order');
      agent.end('Your order is cancelled.');
    },
    'menu.show': (agent) => {
      const conv = agent.conv();
      if (conv) {
        conv.ask('The menu for the Assistant.', new Suggestions('salami'));
        return agent.add(conv);
      }
      agent.add(new Card({
        title: 'Menu', text: 'Three pizzas', imageUrl: 'https://example.com/menu.png',
        buttonText: 'Order', buttonUrl: 'https://example.com/order',
      }));
      agent.add(new Suggestion('salami'));
      agent.add(new Suggestion('spinach'));
      agent.add(new Image('https://example.com/pizza.png'));
      agent.add(new Payload(agent.UNSPECIFIED, { vegan: false }, { rawPayload: true, sendAsMessage: true }));
    },
    'delivery.tonight': (agent) => {
      agent.add('not said');
      agent.setFollowupEvent({ name: 'SHOP_CLOSED', parameters: { opens: 'five' } });
    },
    'menu.special': () => {
      throw new Error('the oven is broken');
    },
    'oven.check': (agent) => {
      agent.add('not said');
      agent.setFollowupEvent('OVEN_AGAIN');
    },
  };
  return (request, response) => {
    const agent = new WebhookClient({ request, response });
    return agent.handleRequest(new Map(Object.entries(intents)));
  };
}

function numberGenie({ dialogflow }) {
  const app = dialogflow();
  app.intent('start_game', (conv) => {
    conv.data.games = (conv.data.games ?? 0) + 1;
    conv.contexts.set('game', 5, { answer: 42 });
    conv.ask(`Game ${conv.data.games}. Your guess?`);
  });
  app.intent('provide_guess', (conv, { guess }) => {
    const { answer } = conv.contexts.get('game').parameters;
    conv.close(`${guess} of ${answer} in game ${conv.data.games}`);
  });
  return async (request, response) => {
    const { status, body } = await app.handler(request.body, request.headers);
    response.status(status).json(body);
  };
}

// Starts the webhooks at /pizza and /genie; `heard` keeps the requests.
export async function start(packages, heard) {
  const actions = packages('actions-on-google');
  const served = {
    '/pizza': pizzaOrders(packages('dialogflow-fulfillment'), actions),
    '/genie': numberGenie(actions),
  };
  const server = createServer(async (request, response) => {
    response.status = (code) => Object.assign(response, { statusCode: code });
    response.json = (body) => response.end(JSON.stringify(body));
    request.body = JSON.parse(await text(request));
    heard.push({ path: request.url, headers: request.headers, body: request.body });
    const { payload } = request.body.originalDetectIntentRequest;
    if (payload.slow) await new Promise((done) => setTimeout(done, SLOW_MS));
    try {
      await served[request.url](request, response);
    } catch (error) {
      response.status(500).json({ error: error.message });
    }
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.closeAllConnections() };
}
