// A server in memory with the visitor API and the desk API. It replaces the real one during work on
// the pages, and it can misbehave: `/mock/…` injects events, fails calls and cuts sockets.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { answerOf } from './mock-bot.mjs';
import { chatEvent, deskApi, deskStream, missChat, toDesk } from './mock-desk.mjs';
import { control, iso, problem, read, record, send, signedIn } from './mock-parts.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const HOST = fileURLToPath(new URL('host', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.xhtml': 'application/xhtml+xml',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};
/** The policy of the product's pages: the server compiles the same file in. */
export const POLICY = readFileSync(new URL('../policy.txt', import.meta.url), 'utf8').trim();
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src https:; " +
  "require-trusted-types-for 'script'; trusted-types baton baton-html";

export async function startMock(port = 0) {
  const world = {
    conversations: new Map(),
    chats: new Map(),
    deskSockets: new Set(),
    sockets: new Set(),
    agent: { email: 'jane@example.com', name: 'Jane Doe', avatarUrl: null },
    password: 'baton-demo',
    sessions: new Set(),
    available: true,
    refuseSockets: false,
    failPosts: 0,
    count: 0,
    posts: [],
  };
  const server = createServer((request, response) => {
    request.url = withoutBase(request.url);
    handle(world, request, response).catch((error) => {
      if (!response.headersSent) problem(response, 500, 'internal', String(error));
    });
  });
  const streams = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const path = withoutBase(request.url).split('?')[0];
    if (world.refuseSockets) return socket.destroy();
    streams.handleUpgrade(request, socket, head, (ws) => {
      world.sockets.add(ws);
      ws.on('close', () => world.sockets.delete(ws));
      if (path === '/v1/conversation/stream') visitorStream(world, ws);
      else if (signedIn(world, request)) deskStream(world, ws);
      else ws.close(4401);
    });
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    world,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Like `baton serve` with this base path: requests with and without it are the same. */
const withoutBase = (url) => url.replace(/^\/support-chat(?=\/)/, '');

async function handle(world, request, response) {
  const url = new URL(request.url, 'http://mock');
  const path = url.pathname;
  if (path.startsWith('/v1/')) {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    if (request.method === 'OPTIONS') return send(response, 204);
    return visitorApi(world, request, response, url);
  }
  if (path.startsWith('/desk/api/')) return deskApi(world, request, response, url);
  if (path.startsWith('/mock/')) return mockApi(world, request, response, path);
  if (path === '/demo.json') {
    const { email: agentEmail } = world.agent;
    return send(response, 200, {
      botId: 'support',
      agentEmail,
      agentPassword: world.password,
      deskUrl: 'desk',
    });
  }
  return file(response, path);
}

async function file(response, path) {
  const own = path.startsWith('/host/');
  if (path === '/desk/') return response.writeHead(308, { location: '../desk' }).end();
  const page = { '/': 'index.html', '/desk': 'desk.html' }[path];
  const name = normalize(page ?? (own ? path.slice(6) : path.slice(1)));
  if (page) response.setHeader('content-security-policy', POLICY);
  if (own) response.setHeader('content-security-policy', STRICT_POLICY);
  try {
    const bytes = await readFile(join(own ? HOST : DIST, name));
    response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
    response.end(bytes);
  } catch {
    send(response, 404);
  }
}

// ---- visitor API

async function visitorApi(world, request, response, url) {
  const path = url.pathname;
  if (/^\/v1\/bots\/[^/]+\/visitors$/.test(path)) {
    const token = `vst_${++world.count}`;
    world.conversations.set(token, {
      token,
      userId: `usr_${world.count}`,
      events: [],
      watchers: new Set(),
      control: 'bot',
      byClient: new Map(),
      chat: null,
    });
    return send(response, 201, { userId: `usr_${world.count}`, token });
  }
  const token = (request.headers.authorization ?? '').replace('Bearer ', '');
  const conversation = world.conversations.get(token);
  if (!conversation) return problem(response, 401, 'unauthorized', 'Unknown visitor token.');
  if (path === '/v1/conversation/events') return longPoll(conversation, response, url);
  const body = await read(request);
  if (path === '/v1/conversation/typing') {
    const chat = conversation.chat;
    if (chat?.status === 'live') {
      toDesk(world, { type: 'typing', chat: chat.id, until: iso(Date.now() + 5_000) });
    }
    return send(response, 204);
  }
  if (path !== '/v1/conversation/messages') return problem(response, 404, 'not_found');
  if (world.failPosts > 0) {
    world.failPosts -= 1;
    return problem(response, 503, 'unavailable', 'Try again.');
  }
  world.posts.push(body);
  const known = conversation.byClient.get(body.clientId);
  if (known) return send(response, 202, { seq: known });
  const text = body.event ? (body.label ?? '') : String(body.text ?? '').trim();
  if (!body.event && (text === '' || [...text].length > 4_000)) {
    return problem(response, 422, 'invalid_body', 'Text must have 1 to 4000 characters.');
  }
  const event = record(conversation, {
    type: 'visitor_message',
    text,
    clientId: body.clientId,
    ...(body.event ? { event: body.event.name } : {}),
  });
  conversation.byClient.set(body.clientId, event.seq);
  send(response, 202, { seq: event.seq });
  if (conversation.control === 'human' && conversation.chat) {
    chatEvent(world, conversation.chat, { type: 'visitor_message', text });
  } else {
    setTimeout(() => botTurn(world, conversation, body.event?.name ?? text), 120);
  }
}

function longPoll(conversation, response, url) {
  const after = Number(url.searchParams.get('after') ?? 0);
  const wait = Number(url.searchParams.get('wait') ?? 0) * 1_000;
  const answer = () => {
    const events = conversation.events.filter((event) => event.seq > after).slice(0, 200);
    send(response, 200, { events, next: events.at(-1)?.seq ?? after });
  };
  if (conversation.events.length > after || wait === 0) return answer();
  const done = () => {
    clearTimeout(timer);
    conversation.watchers.delete(woken);
    answer();
  };
  const woken = (event) => event.seq && done();
  const timer = setTimeout(done, wait);
  conversation.watchers.add(woken);
}

function visitorStream(world, ws) {
  ws.once('message', (data) => {
    const { token, after } = JSON.parse(String(data));
    const conversation = world.conversations.get(token);
    if (!conversation) return ws.close(4401);
    for (const event of conversation.events) {
      if (event.seq > after) ws.send(JSON.stringify(event));
    }
    const tell = (event) => ws.send(JSON.stringify(event));
    conversation.watchers.add(tell);
    ws.on('close', () => conversation.watchers.delete(tell));
  });
}

function botTurn(world, conversation, said) {
  if (conversation.control !== 'bot') return;
  const { messages, handover } = answerOf(said);
  for (const message of messages) record(conversation, { type: 'bot_message', ...message });
  if (!handover) return;
  control(conversation, 'requested', null, 'trigger');
  const id = `cht_${++world.count}`;
  const transcript = conversation.events
    .filter((event) => event.text && event.type.endsWith('_message'))
    .map((event) => ({ from: event.type.replace('_message', ''), text: event.text, at: event.at }));
  const chat = {
    id,
    route: 'desk',
    visitor: { userId: conversation.userId, name: null },
    botId: 'support',
    language: 'en',
    status: 'queued',
    waitingSince: iso(),
    agent: null,
    closeReason: null,
    seq: 0,
    preview: said,
    unpushed: 0,
    pushedThrough: 0,
    transcript,
    events: [],
    byClient: new Map(),
    conversation,
  };
  conversation.chat = chat;
  world.chats.set(id, chat);
  chatEvent(world, chat, { type: 'opened', text: said, reason: 'Operator Request' });
  if (!world.available) return missChat(world, chat);
  setTimeout(() => control(conversation, 'human', null, 'webhook_paused'), 80);
}

// ---- control by tests

async function mockApi(world, request, response, path) {
  const body = await read(request);
  if (path === '/mock/inject') {
    const all = [...world.conversations.values()];
    const to = body.token ? world.conversations.get(body.token) : all.at(-1);
    record(to, body.event);
  } else if (path === '/mock/cut') {
    for (const ws of world.sockets) ws.terminate();
  } else {
    Object.assign(world, body);
  }
  send(response, 204);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startMock(Number(process.env.PORT ?? 8787));
  console.log(`mock server on ${url}`);
}
