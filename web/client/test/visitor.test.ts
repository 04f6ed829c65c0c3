import { beforeEach, describe, expect, test } from 'vitest';
import { Visitor } from '../src/visitor.js';
import type { ConversationEvent } from '../src/types.js';
import { FakeEnv, FakeServer, FakeSocket, memory, settle } from './fakes.js';

let env: FakeEnv;
let server: FakeServer;
let local: ReturnType<typeof memory>;
let session: ReturnType<typeof memory>;
let sockets: FakeSocket[];
let stored: ConversationEvent[];

const at = '2026-11-22T10:00:00.000Z';
const bot = (seq: number, text: string): ConversationEvent => ({
  seq,
  at,
  type: 'bot_message',
  text,
});
const texts = (visitor: Visitor) => visitor.state.value.thread.items.map((item) => item.text);
const newest = () => sockets[sockets.length - 1] as FakeSocket;
const visitorOf = () =>
  new Visitor({
    base: 'http://baton',
    botId: 'b',
    env,
    local,
    session,
    fetch: server.fetch,
    socket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
  });

beforeEach(() => {
  env = new FakeEnv();
  server = new FakeServer();
  local = memory();
  session = memory();
  sockets = [];
  stored = [];
  server.answer = ({ path, body }) => {
    if (path.endsWith('/visitors')) return [201, { userId: 'usr_1', token: 'vst_1' }];
    if (path.endsWith('/messages')) {
      const {
        clientId,
        text = '',
        event,
      } = body as { clientId: string; text?: string; event?: { name: string } };
      stored.push({
        seq: stored.length + 1,
        at,
        type: 'visitor_message',
        text,
        clientId,
        ...(event ? { event: event.name } : {}),
      });
      return [202, { seq: stored.length }];
    }
    const after = Number(/after=(\d+)/.exec(path)?.[1] ?? 0);
    return [200, { events: stored.filter((event) => event.seq > after), next: stored.length }];
  };
});

async function live(): Promise<Visitor> {
  local.set('baton.b.token', 'vst_1');
  const visitor = visitorOf();
  await visitor.start();
  newest().onopen?.();
  return visitor;
}

describe('a visitor', () => {
  test('asks and stores nothing before the first open', () => {
    visitorOf();
    expect(server.requests).toEqual([]);
    expect(local.all.size + session.all.size).toBe(0);
  });

  test('a new one is created and sends WELCOME once; a known one resumes', async () => {
    await visitorOf().start();
    await settle();
    const paths = server.requests.map((request) => request.path);
    expect(paths).toEqual(['/v1/bots/b/visitors', '/v1/conversation/messages']);
    expect(server.requests[1]?.body).toMatchObject({ event: { name: 'WELCOME' } });
    await visitorOf().start();
    await settle();
    expect(server.requests.length).toBe(2);
  });

  test('repeated events are dropped and a gap is read again from the server', async () => {
    const visitor = await live();
    newest().say(bot(1, 'one'));
    newest().say(bot(1, 'one'));
    stored = [bot(1, 'one'), bot(2, 'two'), bot(3, 'three'), bot(4, 'four')];
    newest().say(bot(4, 'four'));
    await settle();
    expect(texts(visitor)).toEqual(['one', 'two', 'three', 'four']);
  });

  test('a reconnect asks for the last event again, so that the socket speaks at once', async () => {
    await live();
    newest().say(bot(1, 'one'));
    newest().say(bot(2, 'two'));
    newest().onclose?.({ code: 1006 });
    await env.pass(1_000);
    newest().onopen?.();
    expect(JSON.parse(newest().sent[0] ?? '')).toEqual({ token: 'vst_1', after: 1 });
  });

  test('a message sent is shown at once and only once, in its place', async () => {
    const visitor = await live();
    visitor.sendText('  hi ');
    expect(texts(visitor)).toEqual(['hi']);
    await settle();
    newest().say(stored[0]);
    newest().say(bot(2, 'hello'));
    expect(texts(visitor)).toEqual(['hi', 'hello']);
    expect(visitor.outbox.items.value).toEqual([]);
  });

  test('a socket that does not show what was accepted is replaced', async () => {
    const visitor = await live();
    stored = [bot(1, 'one')];
    newest().say(stored[0]);
    visitor.sendText('hi');
    await env.pass(5_000);
    expect(sockets.length).toBe(2);
  });

  test('where frames are swallowed, the conversation is there within three seconds', async () => {
    stored = [bot(1, 'one')];
    const visitor = await live();
    await env.pass(3_000);
    expect(texts(visitor)).toEqual(['one']);
    expect(visitor.state.value.connection).toBe('polling');
    const from = env.time;
    const again = visitorOf();
    await again.start();
    await settle();
    await env.pass(1);
    expect([texts(again), env.time - from]).toEqual([['one'], 1]);
  });

  test('a page that was put away and comes back connects again and misses nothing', async () => {
    const visitor = await live();
    newest().say(bot(1, 'one'));
    visitor.stop();
    expect(newest().closed).toBe(true);
    visitor.wake();
    newest().onopen?.();
    newest().say(bot(1, 'one'));
    newest().say(bot(2, 'two'));
    expect([texts(visitor), sockets.length]).toEqual([['one', 'two'], 2]);
  });

  test('no transcript is stored', async () => {
    const visitor = await live();
    visitor.setOnScreen(true);
    newest().say(bot(1, 'a secret'));
    visitor.sendText('another secret');
    await settle();
    const all = JSON.stringify([...local.all, ...session.all]);
    expect(all).not.toContain('secret');
    expect(local.all.get('baton.b.read')).toBe('1');
  });

  test('unread counts messages of bot and human while the chat is not on screen', async () => {
    const visitor = await live();
    newest().say(bot(1, 'one'));
    newest().say({ seq: 2, at, type: 'visitor_message', text: 'x', clientId: 'c' });
    newest().say(bot(3, 'two'));
    expect(visitor.state.value.unread).toBe(2);
    visitor.setOnScreen(true);
    expect(visitor.state.value.unread).toBe(0);
  });

  test('the typing sign ends at its time, or with the message', async () => {
    const visitor = await live();
    const agent = { name: 'Jane Doe', avatarUrl: null };
    const until = () => new Date(env.now() + 4_000).toISOString();
    newest().say({ type: 'typing', agent, until: until() });
    expect(visitor.state.value.typing?.agent?.name).toBe('Jane Doe');
    await env.pass(4_000);
    expect(visitor.state.value.typing).toBe(null);
    newest().say({ type: 'typing', agent, until: until() });
    newest().say({ seq: 1, at, type: 'agent_message', text: 'hi', agent });
    expect(visitor.state.value.typing).toBe(null);
  });

  test('reports typing to a human only, at most every four seconds', async () => {
    const visitor = await live();
    const told = () => server.requests.filter((request) => request.path.endsWith('/typing')).length;
    visitor.typing();
    expect(told()).toBe(0);
    newest().say({
      seq: 1,
      at,
      type: 'control',
      control: 'human',
      pausedUntil: null,
      reason: 'x',
      agent: null,
    });
    visitor.typing();
    await env.pass(3_999);
    visitor.typing();
    expect(told()).toBe(1);
    await env.pass(1);
    visitor.typing();
    expect(told()).toBe(2);
  });

  test('a rejected token is replaced, and unsent messages are kept', async () => {
    const visitor = await live();
    const usual = server.answer;
    server.answer = (request) =>
      request.path.endsWith('/messages') && local.get('baton.b.token') === 'vst_1'
        ? [401, { id: 'unauthorized' }]
        : usual(request);
    visitor.sendText('still here');
    server.answer = ((before) => (request) =>
      request.path.endsWith('/visitors') ? [201, { token: 'vst_2' }] : before(request))(
      server.answer,
    );
    await env.pass(3_000);
    expect(local.get('baton.b.token')).toBe('vst_2');
    expect(stored.map((event) => ('text' in event ? event.text : ''))).toContain('still here');
  });
});

test('parameters and page are sent with a message, the same on every attempt', async () => {
  const sent: unknown[] = [];
  const answer = server.answer;
  server.answer = (request) => {
    if (request.path.endsWith('/messages')) sent.push(request.body);
    return sent.length === 2 ? [503, { id: 'unavailable' }] : answer(request);
  };
  let url = 'https://shop.example/a';
  const visitor = new Visitor({
    base: 'http://baton',
    botId: 'b',
    env,
    local,
    session,
    fetch: server.fetch,
    socket: () => new FakeSocket(),
    page: () => ({ url, ref: 'mail' }),
  });
  await visitor.start();
  await settle();
  visitor.sendText('near me', { place: { lat: 1 } });
  await settle();
  url = 'https://shop.example/b';
  await env.pass(500);
  visitor.sendEvent('GO', { a: 1 }, 'Go', { b: 2 });
  await settle();
  const page = (path: string) => ({ url: `https://shop.example/${path}`, ref: 'mail' });
  const said = { text: 'near me', parameters: { place: { lat: 1 } }, page: page('a') };
  expect(sent).toMatchObject([
    { event: { name: 'WELCOME' }, page: page('a') },
    said,
    said,
    { event: { name: 'GO', parameters: { a: 1 } }, label: 'Go', parameters: { b: 2 } },
  ]);
});

/** Two visitors of one browser: two tabs, which share a store and its locks. */
describe('two tabs', () => {
  /** Runs one task after the other, like the locks of a browser. */
  const queue = () => {
    let last: Promise<unknown> = Promise.resolve();
    return <T>(_: string, run: () => Promise<T>): Promise<T> => {
      const next = last.then(run);
      last = next.catch(() => undefined);
      return next;
    };
  };

  const tabs = () => {
    const exclusive = queue();
    return [1, 2].map(
      () =>
        new Visitor({
          base: 'http://baton',
          botId: 'b',
          env,
          local,
          session: memory(),
          exclusive,
          fetch: server.fetch,
          socket: () => {
            const socket = new FakeSocket();
            sockets.push(socket);
            return socket;
          },
        }),
    ) as [Visitor, Visitor];
  };
  const asked = (path: string) => server.requests.filter((one) => one.path.endsWith(path)).length;
  const greetings = () => stored.filter((event) => 'event' in event).length;

  test('C7: two tabs that start at once are one visitor with one greeting', async () => {
    let made = 0;
    const usual = server.answer;
    server.answer = (request) =>
      request.path.endsWith('/visitors')
        ? [201, { userId: 'u', token: `vst_${++made}` }]
        : usual(request);
    const both = tabs();
    await Promise.all(both.map((tab) => tab.start()));
    await settle();
    expect([asked('/visitors'), greetings()]).toEqual([1, 1]);
    for (const socket of sockets) socket.onopen?.();
    expect(sockets.map((socket) => JSON.parse(socket.sent[0] ?? '').token)).toEqual([
      'vst_1',
      'vst_1',
    ]);
  });

  test('C7: two tabs with a rejected token go on as one new visitor', async () => {
    local.set('baton.b.token', 'old');
    let made = 0;
    server.answer = ((usual) => (request) =>
      request.path.endsWith('/visitors')
        ? [201, { userId: 'u', token: `vst_${++made}` }]
        : usual(request))(server.answer);
    const both = tabs();
    await Promise.all(both.map((tab) => tab.start()));
    const old = [...sockets];
    for (const socket of old) socket.onopen?.();
    old[0]?.onclose?.({ code: 4401 });
    await settle();
    old[1]?.onclose?.({ code: 4401 });
    await settle();
    for (const socket of sockets.slice(2)) socket.onopen?.();
    const tokens = sockets.slice(2).map((socket) => JSON.parse(socket.sent[0] ?? '').token);
    expect([made, tokens, greetings()]).toEqual([1, ['vst_1', 'vst_1'], 1]);
    expect(local.get('baton.b.token')).toBe('vst_1');
  });

  test('C7: two tabs have one unread count', async () => {
    local.set('baton.b.token', 'vst_1');
    const [one, other] = tabs();
    for (const tab of [one, other]) await tab.start();
    for (const socket of sockets) socket.say(bot(1, 'hello'));
    expect([one.state.value.unread, other.state.value.unread]).toEqual([1, 1]);
    one.setOnScreen(true);
    // The browser tells the other tabs of a change in the storage.
    other.setOnScreen(false);
    expect([one.state.value.unread, other.state.value.unread]).toEqual([0, 0]);
  });
});

describe('the first words', () => {
  test('P3: a text before there is a visitor makes one visitor and one greeting', async () => {
    let enrol: (answer: [number, unknown]) => void = () => undefined;
    const usual = server.answer;
    server.answer = (request) => {
      if (request.path.endsWith('/visitors')) return new Promise((done) => (enrol = done));
      return usual(request);
    };
    const visitor = visitorOf();
    void visitor.start();
    visitor.sendText('early');
    await settle();
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/bots/b/visitors']);
    expect(texts(visitor)).toEqual(['early']);
    enrol([201, { userId: 'u', token: 'vst_1' }]);
    await env.pass(1_000);
    const said = stored.map((event) => ('event' in event ? event.event : (event as never)['text']));
    expect(said).toEqual(['WELCOME', 'early']);
    expect(server.requests.filter(({ path }) => path.endsWith('/visitors')).length).toBe(1);
  });

  test('C3: a visitor who could not be created is created later, without a click', async () => {
    let left = 3;
    const usual = server.answer;
    server.answer = (request) =>
      request.path.endsWith('/visitors') && left-- > 0 ? [503, { id: 'busy' }] : usual(request);
    const visitor = visitorOf();
    await visitor.start();
    expect(visitor.state.value.phase).toBe('failed');
    await env.pass(10_000);
    expect(visitor.state.value.phase).toBe('ready');
    expect(server.requests.filter(({ path }) => path.endsWith('/visitors')).length).toBe(4);
  });
});
