// Asks agents by Google's Node.js client and prints what it makes of the answers: as they are,
// and made plain the way the first revision of the handover contract shows them. Standard input
// is a list of {name, address, turns}; standard output an object with the results of each name.
// It judges nothing.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { text } from 'node:stream/consumers';

// The packages are installed elsewhere, and their folder is the one argument.
const installed = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { v2 } = installed('@google-cloud/dialogflow');
const { PassThroughClient } = installed('google-auth-library');

function connect(address) {
  const { protocol, hostname, port } = new URL(address);
  return new v2.SessionsClient({
    fallback: true,
    protocol: protocol.replace(':', ''),
    apiEndpoint: hostname,
    port: Number(port),
    projectId: 'demo',
    // The transport would throw before the client has read what Google's error says.
    authClient: new PassThroughClient({ transporterOptions: { validateStatus: () => true } }),
  });
}

function wrap(value) {
  if (value === null) return { nullValue: 'NULL_VALUE' };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(wrap) } };
  return { structValue: struct(value) };
}

function struct(map) {
  const fields = Object.entries(map).map(([key, value]) => [key, wrap(value)]);
  return { fields: Object.fromEntries(fields) };
}

function request(turn) {
  const { session, language: languageCode } = turn;
  const event = () => ({
    name: turn.event,
    languageCode,
    ...(turn.parameters && { parameters: struct(turn.parameters) }),
  });
  const queryInput = 'event' in turn ? { event: event() } : { text: { text: turn.text, languageCode } };
  const contexts = (turn.contexts ?? []).map((context) => ({
    name: context.name,
    lifespanCount: context.lifespan,
    ...(context.parameters && { parameters: struct(context.parameters) }),
  }));
  const queryParams = { contexts, resetContexts: turn.reset ?? false };
  if (turn.timeZone) queryParams.timeZone = turn.timeZone;
  if (turn.platform) queryParams.platform = turn.platform;
  return { session, queryInput, queryParams };
}

function unwrap(value) {
  switch (value.kind) {
    case 'nullValue':
      return null;
    case 'structValue':
      return plain(value.structValue);
    case 'listValue':
      return value.listValue.values.map(unwrap);
    default:
      return value[value.kind];
  }
}

function plain(wrapped) {
  const fields = Object.entries(wrapped?.fields ?? {});
  return Object.fromEntries(fields.map(([key, value]) => [key, unwrap(value)]));
}

// The steps that samples of the contract show to have been taken, one by one.
function contractR1(response) {
  delete response.outputAudio;
  delete response.outputAudioConfig;
  const result = response.queryResult;
  if (!result) return response;
  delete result.sentimentAnalysisResult;
  delete result.cancelsSlotFilling;
  delete result.intent?.liveAgentHandoff;
  delete result.intent?.endInteraction;
  result.parameters = plain(result.parameters);
  result.webhookPayload = plain(result.webhookPayload);
  if (result.diagnosticInfo) result.diagnosticInfo = plain(result.diagnosticInfo);
  for (const context of result.outputContexts) {
    context.name = context.name.split('/').at(-1);
    context.parameters = plain(context.parameters);
  }
  for (const message of result.fulfillmentMessages) {
    if (message.payload) message.payload = plain(message.payload);
    if (message.browseCarouselCard || message.tableCard) {
      delete message.browseCarouselCard;
      delete message.tableCard;
      delete message.message;
    }
  }
  return response;
}

async function attempt(client, turn) {
  try {
    const [response] = await client.detectIntent(request(turn));
    const whole = JSON.stringify(response);
    return { whole, r1: JSON.stringify(contractR1(JSON.parse(whole))) };
  } catch (error) {
    return { error: { type: error.constructor.name, grpc: error.code } };
  }
}

const results = {};
for (const agent of JSON.parse(await text(process.stdin))) {
  const client = connect(agent.address);
  results[agent.name] = [];
  for (const turn of agent.turns) results[agent.name].push(await attempt(client, turn));
  await client.close();
}
process.stdout.write(JSON.stringify(results));
