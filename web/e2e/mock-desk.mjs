// The desk API of the mock server.
import { control, iso, problem, read, record, send, signedIn } from './mock-parts.mjs';

const faceOf = ({ name, avatarUrl }) => ({ name, avatarUrl });
const shown = (chat) => {
  const { transcript: _t, events: _e, byClient: _b, conversation: _c, ...rest } = chat;
  return rest;
};

export async function deskApi(world, request, response, url) {
  const path = url.pathname.slice('/desk/api'.length);
  const { method } = request;
  if (method !== 'GET' && request.headers['x-baton-desk'] !== '1') {
    return problem(response, 403, 'forbidden', 'Send the header x-baton-desk: 1.');
  }
  if (path === '/session' && method === 'POST') {
    const { email, password } = await read(request);
    if (email !== world.agent.email || password !== world.password) {
      return problem(response, 401, 'unauthorized', 'The e-mail address or password is wrong.');
    }
    const id = `s${++world.count}`;
    world.sessions.add(id);
    response.setHeader('set-cookie', `baton_desk=${id}; HttpOnly; SameSite=Strict`);
    world.available = true;
    return send(response, 200, { agent: world.agent, available: true });
  }
  if (!signedIn(world, request)) return problem(response, 401, 'unauthorized', 'Sign in.');
  if (path === '/session' && method === 'GET') {
    return send(response, 200, { agent: world.agent, available: world.available });
  }
  if (path === '/session' && method === 'DELETE') {
    world.sessions.clear();
    for (const { ws } of world.deskSockets) ws.close(4401);
    return send(response, 204);
  }
  const body = method === 'GET' ? null : await read(request);
  if (path === '/availability') {
    world.available = body.available;
    return send(response, 204);
  }
  if (path === '/chats') return send(response, 200, { chats: chatList(world) });
  const [, id, verb] = /^\/chats\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  const chat = world.chats.get(id);
  if (!chat) return problem(response, 404, 'not_found', 'There is no such chat.');
  return chatApi(world, chat, verb, body, response, url);
}

function chatApi(world, chat, verb, body, response, url) {
  const mine = chat.agent?.email === world.agent.email;
  switch (verb) {
    case undefined:
      return send(response, 200, { ...shown(chat), transcript: chat.transcript });
    case 'events': {
      const after = Number(url.searchParams.get('after') ?? 0);
      const events = chat.events.filter((event) => event.seq > after).slice(0, 200);
      return send(response, 200, { events, next: events.at(-1)?.seq ?? after });
    }
    case 'claim':
      if (chat.status === 'closed') return problem(response, 409, 'closed', 'It is closed.');
      if (chat.agent && !mine) {
        const agent = { name: chat.agent.name };
        return problem(response, 409, 'taken', `${agent.name} took this chat.`, { agent });
      }
      chat.status = 'live';
      chat.agent = { ...world.agent };
      chat.waitingSince = null;
      chatEvent(world, chat, { type: 'claimed', agent: faceOf(world.agent) });
      control(chat.conversation, 'human', faceOf(world.agent), 'push');
      return send(response, 200, shown(chat));
    case 'messages':
      return agentSays(world, chat, mine, body, response);
    case 'typing':
      for (const tell of chat.conversation.watchers) {
        tell({ type: 'typing', agent: faceOf(world.agent), until: iso(Date.now() + 5_000) });
      }
      return send(response, 204);
    case 'close':
      closeChat(world, chat);
      return send(response, 204);
    default:
      return problem(response, 404, 'not_found');
  }
}

function agentSays(world, chat, mine, { clientId, text }, response) {
  if (!mine) return problem(response, 409, 'not_yours', 'Take the chat first.');
  if (chat.status === 'closed') return problem(response, 409, 'closed', 'It is closed.');
  const known = chat.byClient.get(clientId);
  if (known) return send(response, 202, { seq: known });
  const agent = faceOf(world.agent);
  const event = chatEvent(world, chat, {
    type: 'agent_message',
    text,
    format: 'plain',
    agent,
    clientId,
  });
  chat.byClient.set(clientId, event.seq);
  send(response, 202, { seq: event.seq });
  setTimeout(() => {
    record(chat.conversation, { type: 'agent_message', text, format: 'plain', agent });
    chat.pushedThrough = event.seq;
    chat.unpushed = 0;
    tellChats(world);
  }, 150);
}

function closeChat(world, chat) {
  chat.status = 'closed';
  chat.closeReason = 'agent_closed';
  const agent = faceOf(world.agent);
  chatEvent(world, chat, { type: 'closed', reason: 'agent_closed', agent });
  const text = `${world.agent.name} has left the conversation. You are now chatting with the bot.`;
  record(chat.conversation, { type: 'notice', kind: 'agent_left', text });
  control(chat.conversation, 'bot', null, 'push');
}

/** No agent is available: the chat is closed at once. */
export function missChat(world, chat) {
  chat.status = 'closed';
  chat.waitingSince = null;
  chat.closeReason = 'nobody_available';
  chatEvent(world, chat, { type: 'closed', reason: 'nobody_available', agent: null });
  control(chat.conversation, 'bot', null, 'push');
}

export function chatEvent(world, chat, event) {
  const full = { seq: chat.events.length + 1, at: iso(), ...event };
  chat.events.push(full);
  chat.seq = full.seq;
  if (event.text) chat.preview = event.text;
  if (event.type === 'agent_message') chat.unpushed += 1;
  toDesk(world, { type: 'event', chat: chat.id, event: full });
  tellChats(world);
  return full;
}

const chatList = (world) =>
  [...world.chats.values()]
    .map(shown)
    .toSorted((a, b) => (a.waitingSince ?? '9').localeCompare(b.waitingSince ?? '9'));

export function deskStream(world, ws) {
  const socket = { ws, watched: new Set() };
  world.deskSockets.add(socket);
  ws.on('close', () => world.deskSockets.delete(socket));
  ws.on('message', (data) => {
    const { watch, unwatch, after } = JSON.parse(String(data));
    if (unwatch) socket.watched.delete(unwatch);
    if (!watch) return;
    socket.watched.add(watch);
    for (const event of world.chats.get(watch)?.events ?? []) {
      if (event.seq > after) ws.send(JSON.stringify({ type: 'event', chat: watch, event }));
    }
  });
  ws.send(JSON.stringify({ type: 'chats', chats: chatList(world) }));
}

export function toDesk(world, frame) {
  for (const { ws, watched } of world.deskSockets) {
    if (watched.has(frame.chat)) ws.send(JSON.stringify(frame));
  }
}

function tellChats(world) {
  const frame = JSON.stringify({ type: 'chats', chats: chatList(world) });
  for (const { ws } of world.deskSockets) ws.send(frame);
}
