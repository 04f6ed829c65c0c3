// A reverse proxy on a port of its own, which serves a server below a path, or swallows sockets.
import { createServer, request as ask } from 'node:http';

/**
 * `below` is the path at which the server is served; `keep` passes it on instead of removing it.
 * `swallow` is `upgrade` (no answer to an upgrade) or `frames` (nothing after the answer).
 */
export async function startProxy(target, { below = '', keep = false, swallow = null } = {}) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const state = { swallow, polls: 0, upgrades: 0 };
  const inside = (url) => {
    if (!url.startsWith(`${below}/`)) return null;
    return keep ? url : url.slice(below.length);
  };
  const pass = (request) =>
    ask({
      hostname,
      port,
      method: request.method,
      path: inside(request.url),
      headers: request.headers,
    });

  const server = createServer((request, response) => {
    if (inside(request.url) === null) return response.writeHead(404).end('not below the path');
    if (request.url.includes('/events?')) state.polls += 1;
    const onward = pass(request);
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('upgrade', (request, socket, head) => {
    state.upgrades += 1;
    socket.on('error', () => undefined);
    if (state.swallow === 'upgrade' || inside(request.url) === null) return;
    const onward = pass(request);
    onward.on('upgrade', (answer, back, first) => {
      back.on('error', () => undefined);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headersOf(answer)}\r\n\r\n`);
      if (state.swallow === 'frames') return;
      socket.write(first);
      back.write(head);
      back.pipe(socket).pipe(back);
    });
    onward.on('response', (answer) => {
      socket.end(`HTTP/1.1 ${answer.statusCode} refused\r\n${headersOf(answer)}\r\n\r\n`);
    });
    onward.on('error', () => socket.destroy());
    onward.end();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}${below}`,
    state,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function headersOf({ rawHeaders }) {
  const lines = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return lines.join('\r\n');
}
