// Drives the simulated Genesys Cloud with the vendor's JavaScript client. The one argument is a
// JSON object that says where it is and what is known of it; every check prints `ok` or `not ok`
// and what was checked.
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';

const facts = JSON.parse(process.argv[2]);
// The packages are installed elsewhere.
const installed = createRequire(pathToFileURL(`${facts.packages}/`));
const genesys = installed('purecloud-platform-client-v2');
const { WebSocket } = installed('ws');

const client = genesys.ApiClient.instance;
const address = new URL(facts.base);
client.setGateway({
  host: address.hostname,
  protocol: address.protocol.replace(':', ''),
  port: Number(address.port),
});
const conversations = new genesys.ConversationsApi();
const channels = new genesys.NotificationsApi();
const users = new genesys.UsersApi();

function check(what, good, seen) {
  console.log(good ? `ok ${what}` : `not ok ${what}: ${JSON.stringify(seen)}`);
}

async function refused(what, status, code, call) {
  try {
    await call();
    check(what, false, 'it was allowed');
  } catch (error) {
    // The client throws the body of the answer.
    check(what, error.status === status && error.code === code, error.stack ?? error);
  }
}

// What a person at the simulator's page would do.
async function act(id, what) {
  const answer = await fetch(`${facts.base}/_simulator/chats/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(what),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const from = { id: 'node-1', idType: 'Opaque', nickname: 'Ada' };
const time = () => new Date().toISOString();
const written = (text) => ({
  channel: { from, time: time(), messageId: 'm-1', metadata: { customAttributes: { topic: 'VPN' } } },
  text,
});

async function login() {
  const wrong = client.loginClientCredentialsGrant(facts.clientId, 'wrong');
  check('a wrong secret is refused', await wrong.then(() => false, () => true));
  await client.loginClientCredentialsGrant(facts.clientId, facts.clientSecret);
  check('login', Boolean(client.authData.accessToken), client.authData);
  const left = client.authData.tokenExpiryTime - Date.now();
  check('the token has a life time', left > 80_000_000 && left <= 86_400_000, left);
}

async function inbound() {
  const { integrationId } = facts;
  const prefetch = { prefetchConversationId: true };
  const said = await conversations.postConversationsMessageInboundOpenMessage(
    integrationId, written('my VPN is down'), prefetch,
  );
  check('an inbound message', said.type === 'Text' && Boolean(said.conversationId), said);
  const again = await conversations.postConversationsMessageInboundOpenMessage(
    integrationId, written('hello?'), prefetch,
  );
  check('the same conversation', again.conversationId === said.conversationId, again);
  const typed = await conversations.postConversationsMessageInboundOpenEvent(integrationId, {
    channel: { from, time: time() },
    events: [{ eventType: 'Typing' }],
  });
  check('an inbound event', typed.type === 'Event', typed);
  await refused('an unknown integration', 404, 'not.found', () =>
    conversations.postConversationsMessageInboundOpenMessage('none', written('x')));
  await refused('nested metadata', 400, 'bad.request', () =>
    conversations.postConversationsMessageInboundOpenMessage(integrationId, {
      ...written('x'), metadata: { nested: { a: 'b' } },
    }));
  return said.conversationId;
}

// A frame of the topic that ends so.
async function told(frames, ending) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = frames.find((frame) => frame.topicName.endsWith(ending));
    if (found) return found;
    await new Promise((done) => setTimeout(done, 25));
  }
  return null;
}

async function listen(id) {
  const channel = await channels.postNotificationsChannels();
  check('a channel', channel.connectUri.startsWith('ws'), channel);
  const topics = ['user.start', 'user.end', 'acd.end', 'customer.end'].map((kind) => ({
    id: `v2.detail.events.conversation.${id}.${kind}`,
  }));
  const listing = await channels.postNotificationsChannelSubscriptions(channel.id, topics);
  check('subscriptions', listing.entities.length === topics.length, listing);
  const socket = new WebSocket(channel.connectUri);
  const frames = [];
  socket.on('message', (data) => frames.push(JSON.parse(data)));
  await once(socket, 'open');
  return { socket, frames, channel };
}

async function agent(id, frames) {
  await act(id, { act: 'accept', agent: 'Grace' });
  const joined = await told(frames, '.user.start');
  check('joining is told', joined?.eventBody.conversationId === id, joined);
  const user = await users.getUser(joined.eventBody.userId);
  check("the agent's name", user.name === 'Grace', user);
  const whole = await conversations.getConversation(id);
  const grace = whole.participants.find((each) => each.purpose === 'agent');
  const communication = grace.messages[0].id;
  check('the session of the event is the communication',
    communication === joined.eventBody.sessionId, communication);
  await conversations.postConversationsMessageCommunicationTyping(id, communication, {
    typing: { type: 'On', duration: 5000 },
  });
  check('an agent types', true);
  const said = await conversations.postConversationsMessageCommunicationMessages(
    id, communication, { textBody: 'Good morning' },
  );
  check("an agent's message", said.direction === 'outbound', said);
  const receipt = await conversations.postConversationsMessageInboundOpenReceipt(
    facts.integrationId,
    { id: said.id, channel: { to: { id: from.id }, time: time() }, status: 'Delivered' },
  );
  check('a receipt', receipt.status === 'Delivered', receipt);
}

async function end(id, frames) {
  await conversations.patchConversationsMessage(id, { state: 'disconnected' });
  const gone = await told(frames, '.customer.end');
  check('the end is told', gone?.eventBody.disconnectType === 'CLIENT', gone);
  const left = await told(frames, '.user.end');
  check('the agent is gone', left?.eventBody.disconnectType === 'PEER', left);
  const read = await conversations.getConversationsMessage(id);
  const states = read.participants.map((each) => each.state);
  check('everybody is gone', states.every((state) => state === 'disconnected'), states);
  const texts = await conversations.postConversationsMessageMessagesBulk(id, {
    body: read.participants[0].messages.map((each) => each.messageId),
  });
  check('its messages at once', texts.entities.length === 2, texts);
}

async function integrations() {
  const created = await conversations.postConversationsMessagingIntegrationsOpen({
    name: 'Baton',
    outboundNotificationWebhookUrl: 'https://bridge.example/connectors/genesys',
    outboundNotificationWebhookSignatureSecretToken: 'longer than fifteen',
  });
  check('an integration is created', created.createStatus === 'Completed', created);
  const read = await conversations.getConversationsMessagingIntegrationsOpenIntegrationId(created.id);
  check('an integration is read', read.name === 'Baton', read);
}

await login();
const id = await inbound();
const { socket, frames, channel } = await listen(id);
await agent(id, frames);
await end(id, frames);
socket.close();
await channels.deleteNotificationsChannelSubscriptions(channel.id);
const rest = await channels.getNotificationsChannelSubscriptions(channel.id);
check('subscriptions are removed', rest.entities.length === 0, rest);
await integrations();
client.setAccessToken('unknown');
await refused('an unknown token', 401, 'bad.credentials', () =>
  conversations.getConversationsMessage(id));
