import { beforeEach, describe, expect, test } from 'vitest';
import { chatIn } from '../../desk/src/page.js';
import { keyValue } from '../src/env.js';
import { Outbox } from '../src/outbox.js';
import { threadOf } from '../src/thread.js';
import { Visitor } from '../src/visitor.js';
import { FakeEnv, FakeServer, FakeSocket, memory, settle } from './fakes.js';

/** What networks, browsers and old data do to a chat. */

const at = '2026-11-22T10:00:00.000Z';
const bot = (seq: number) => ({ seq, at, type: 'bot_message', text: `line ${seq}` });
let env: FakeEnv;
let server: FakeServer;
let local: ReturnType<typeof memory>;
let sockets: FakeSocket[];
let stored: { seq: number }[];

beforeEach(() => {
  env = new FakeEnv();
  server = new FakeServer();
  local = memory();
  sockets = [];
  stored = [];
  server.answer = ({ path }) => {
    if (path.endsWith('/visitors')) return [201, { userId: 'u', token: 'vst_1' }];
    if (path.endsWith('/messages')) return [202, { seq: stored.length + 1 }];
    const after = Number(/after=(\d+)/.exec(path)?.[1] ?? 0);
    return [200, { events: stored.filter(({ seq }) => seq > after), next: stored.length }];
  };
});

const made = () => server.requests.filter(({ path }) => path.endsWith('/visitors')).length;
const texts = (visitor: Visitor) => visitor.state.value.thread.items.map((item) => item.text);
const visitorOf = () =>
  new Visitor({
    base: 'http://baton',
    botId: 'b',
    env,
    local,
    session: memory(),
    fetch: server.fetch,
    socket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
  });

async function live(): Promise<Visitor> {
  local.set('baton.b.token', 'vst_1');
  const visitor = visitorOf();
  await visitor.start();
  sockets.at(-1)?.onopen?.();
  return visitor;
}

describe('networks', () => {
  test('a proxy that cuts each socket after three seconds: the long poll takes over', async () => {
    const visitor = await live();
    const polls = () => visitor.state.value.connection === 'polling';
    // Each socket speaks, and is cut soon after.
    for (let n = 1; !polls() && n < 20; n += 1) {
      const [socket, count] = [sockets.at(-1) as FakeSocket, sockets.length];
      socket.onopen?.();
      socket.say(bot(1));
      stored = [bot(1)];
      await env.pass(3_000);
      socket.onclose?.({ code: 1006 });
      for (let waited = 0; sockets.length === count && waited < 20; waited += 1) {
        await env.pass(500);
        if (polls()) break;
      }
    }
    expect(polls()).toBe(true);
    const seq = stored.length + 1;
    stored.push(bot(seq));
    await env.pass(1_000);
    expect(texts(visitor).at(-1)).toBe(`line ${seq}`);
  });

  test.each<[string, unknown]>([
    ['JSON of its own', { login: 'https://wifi.example/' }],
    ['null', null],
    ['a list', []],
    ['an empty token', { token: '' }],
    ['a number', { token: 7 }],
  ])('a captive portal that answers a new visitor with %s creates none', async (_, answer) => {
    const usual = server.answer;
    let caught = true;
    server.answer = (request) => (caught ? [200, answer] : usual(request));
    const visitor = visitorOf();
    await visitor.start();
    expect([visitor.state.value.phase, local.get('baton.b.token')]).toEqual(['failed', null]);
    caught = false;
    await env.pass(5_000);
    expect(local.get('baton.b.token')).toBe('vst_1');
  });

  test('a captive portal that answers a message with 200 has not taken it', async () => {
    const visitor = await live();
    const usual = server.answer;
    let caught = true;
    server.answer = (request) =>
      caught && request.path.endsWith('/messages') ? [200, { login: true }] : usual(request);
    visitor.sendText('hello');
    await settle();
    expect(visitor.outbox.items.value.map(({ state }) => state)).toEqual(['sending']);
    caught = false;
    await env.pass(5_000);
    expect(visitor.outbox.items.value.map(({ state }) => state)).toEqual(['sent']);
  });

  test('a page of events that is none is no answer, and the next one is read', async () => {
    stored = [bot(1)];
    const usual = server.answer;
    let caught = true;
    server.answer = (request) =>
      caught && request.path.includes('/events') ? [200, { ok: true }] : usual(request);
    const visitor = await live();
    await env.pass(5_000);
    caught = false;
    await env.pass(30_000);
    expect(texts(visitor)).toEqual(['line 1']);
  });

  test.each(['null', '7', '""', '[]', '{}', '{"type":"typing"}', '{"seq":null}', '{"seq":'])(
    'a frame that is no event does no harm: %s',
    async (frame) => {
      const visitor = await live();
      expect(() => sockets[0]?.onmessage?.({ data: frame })).not.toThrow();
      sockets[0]?.onmessage?.({ data: new ArrayBuffer(3) });
      sockets[0]?.say(bot(1));
      expect(texts(visitor)).toEqual(['line 1']);
    },
  );
});

describe('stored data', () => {
  test.each(['NaN', 'undefined', '-1', '1e400', '{}'])(
    'a damaged place to which was read counts as nothing: %s',
    async (read) => {
      local.set('baton.b.read', read);
      const visitor = await live();
      sockets[0]?.say(bot(1));
      expect(visitor.state.value.unread).toBe(1);
      visitor.setOnScreen(true);
      expect([visitor.state.value.unread, local.get('baton.b.read')]).toEqual([0, '1']);
    },
  );

  test('an empty token is none', async () => {
    local.set('baton.b.token', '');
    const visitor = visitorOf();
    await visitor.start();
    expect([made(), visitor.state.value.phase]).toEqual([1, 'loading']);
  });

  test.each(['[{"clientId":"x"}]', '[{"clientId":"x","body":"hi"}]', '[null]', '[7]', '{"0":{}}'])(
    'unsent messages of another shape do not break the chat: %s',
    (unsent) => {
      const storage = memory({ unsent });
      const send = () => Promise.resolve({ seq: 1 });
      const outbox = new Outbox<{ text: string }>({ env, storage, key: 'unsent', send });
      expect(outbox.items.value).toEqual([]);
      expect(() => threadOf([], outbox.items.value)).not.toThrow();
    },
  );

  test('a full storage keeps what does not fit as long as the page lives', () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
      removeItem: () => undefined,
    } as unknown as Storage;
    const kept = keyValue(() => full);
    kept.set('a', '1');
    expect(kept.get('a')).toBe('1');
    kept.set('a', null);
    expect(kept.get('a')).toBe(null);
  });
});

test.each([
  ['', null],
  ['#', null],
  ['#cht_1', 'cht_1'],
  ['#cht%5F1', 'cht_1'],
  ['#%E0%A4%A', '%E0%A4%A'],
  ['#100%', '100%'],
])('the address of the desk %j leads to the chat %j', (hash, id) => expect(chatIn(hash)).toBe(id));
