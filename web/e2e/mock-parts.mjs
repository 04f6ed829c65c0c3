// Shared by the visitor API and the desk API of the mock server.

export const iso = (ms = Date.now()) => new Date(ms).toISOString();

export function record(conversation, event) {
  const full = { seq: conversation.events.length + 1, at: iso(), ...event };
  conversation.events.push(full);
  for (const tell of [...conversation.watchers]) tell(full);
  return full;
}

export function control(conversation, to, agent, reason) {
  conversation.control = to;
  const pausedUntil = to === 'human' ? iso(Date.now() + 600_000) : null;
  record(conversation, { type: 'control', control: to, pausedUntil, reason, agent });
}

export function signedIn(world, request) {
  const id = /baton_desk=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  return id !== undefined && world.sessions.has(id);
}

export async function read(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

export function send(response, status, body) {
  response.statusCode = status;
  if (body === undefined) return response.end();
  if (!response.hasHeader('content-type')) {
    response.setHeader('content-type', 'application/json');
  }
  response.end(JSON.stringify(body));
}

export function problem(response, status, id, detail, more = {}) {
  response.setHeader('content-type', 'application/problem+json');
  send(response, status, { type: `about:blank#${id}`, title: id, status, id, detail, ...more });
}
