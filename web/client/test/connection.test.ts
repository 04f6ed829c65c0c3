import { beforeEach, describe, expect, test } from 'vitest';
import { Connection, LIMITS, type ConnectionState } from '../src/connection.js';
import { Fallback, REMEMBERED_MS } from '../src/fallback.js';
import { FakeEnv, FakeSocket, memory, settle } from './fakes.js';

let env: FakeEnv;
let sockets: FakeSocket[];
let states: ConnectionState[];
let probes: (() => Promise<boolean>)[];
let polls: string[];
let poll: () => Promise<void>;
let signals: AbortSignal[];
let refuse: boolean;
let storage: ReturnType<typeof memory>;
let onUnauthorized: boolean;
let connection: Connection;

beforeEach(() => {
  env = new FakeEnv();
  sockets = [];
  states = [];
  probes = [];
  polls = [];
  signals = [];
  refuse = false;
  storage = memory();
  poll = () => new Promise(() => undefined);
  onUnauthorized = false;
  make().start();
});

const make = () =>
  (connection = new Connection(
    {
      openSocket: () => {
        if (refuse) throw new Error('no sockets here');
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      firstFrames: () => ['hello'],
      onFrame: () => undefined,
      isUpToDate: () => (probes.shift() ?? (() => Promise.resolve(true)))(),
      poll: (wait, signal) => {
        polls.push(wait ? 'wait' : 'now');
        signals.push(signal);
        return poll();
      },
      onUnauthorized: () => (onUnauthorized = true),
      onStateChange: (state) => states.push(state),
    },
    env,
    new Fallback(env, storage, 'polling'),
  ));

const newest = () => sockets[sockets.length - 1] as FakeSocket;
const cut = (code = 1006) => newest().onclose?.({ code });

describe('a kept connection', () => {
  test('sends the first frames when it opens, and is live when the server speaks', () => {
    newest().onopen?.();
    expect(newest().sent).toEqual(['hello']);
    expect(states).toEqual(['connecting']);
    newest().say('event');
    expect(states).toEqual(['connecting', 'live']);
  });

  test('reconnects with growing waits, and at once when the page wakes', async () => {
    const waits: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      newest().say('event');
      const count = sockets.length;
      const from = env.time;
      cut();
      while (sockets.length === count) await env.pass(10);
      waits.push(env.time - from);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
    newest().say('event');
    cut();
    const count = sockets.length;
    connection.wake();
    expect(sockets.length).toBe(count + 1);
  });

  test('a half-open socket is found within 45 seconds', async () => {
    newest().say('event');
    probes = [() => Promise.resolve(false)];
    const from = env.time;
    while (sockets.length === 1) await env.pass(100);
    expect(env.time - from).toBeLessThan(45_000);
    expect(sockets[0]?.closed).toBe(true);
  });

  test('a silent but healthy socket stays open', async () => {
    newest().say('event');
    await env.pass(10 * 60_000);
    expect(sockets.length).toBe(1);
  });

  test('a failed check counts as a lost connection', async () => {
    newest().say('event');
    probes = [() => Promise.reject(new Error('offline'))];
    await env.pass(LIMITS.silenceMs);
    expect(connection.state).toBe('waiting');
  });

  test('`verify` checks the socket at once', async () => {
    newest().say('event');
    probes = [() => Promise.reject(new Error('offline'))];
    connection.verify();
    await settle();
    expect(connection.state).toBe('waiting');
  });

  test('late frames of an old socket are ignored', async () => {
    newest().say('event');
    const old = newest();
    connection.reconnect();
    newest().say('event');
    old.onclose?.({ code: 1006 });
    expect(connection.state).toBe('live');
  });

  test('a rejected token stops it', async () => {
    newest().say('event');
    cut(4401);
    expect(onUnauthorized).toBe(true);
    await env.pass(60_000);
    expect(sockets.length).toBe(1);
  });
});

describe('where sockets do not work', () => {
  /** Each poll is answered after `ms`; without `ms` it never is. */
  const pollAnswers = (ms: number) => {
    poll = () => new Promise((resolve) => void env.after(ms, resolve));
  };

  test('a refused one is replaced by a poll at once', async () => {
    pollAnswers(100);
    cut();
    expect(polls).toEqual(['now']);
    await env.pass(100);
    expect(connection.state).toBe('polling');
    await env.pass(LIMITS.pollGapMs);
    expect(polls).toEqual(['now', 'wait']);
  });

  test.each([
    ['whose upgrade is swallowed', () => undefined],
    ['whose frames are swallowed', () => newest().onopen?.()],
  ])('one %s gets a poll beside it after two seconds', async (_, begin) => {
    pollAnswers(100);
    begin();
    await env.pass(1_999);
    expect([polls, connection.state]).toEqual([[], 'connecting']);
    await env.pass(200);
    expect(connection.state).toBe('polling');
    await env.pass(LIMITS.openTimeoutMs);
    expect(newest().closed).toBe(true);
    expect(connection.state).toBe('polling');
  });

  test('a slow one that speaks after all ends the poll', async () => {
    pollAnswers(100);
    await env.pass(3_000);
    expect(connection.state).toBe('polling');
    newest().onopen?.();
    expect(connection.state).toBe('polling');
    newest().say('event');
    expect(connection.state).toBe('live');
    expect(signals.every((signal) => signal.aborted)).toBe(true);
    const before = polls.length;
    await env.pass(60_000);
    expect(polls.length).toBe(before);
  });

  test('a reload polls at once, for an hour', async () => {
    pollAnswers(100);
    await env.pass(3_000);
    connection.stop();
    polls = [];
    make().start();
    await env.pass(1);
    expect(polls).toEqual(['now']);
    connection.stop();
    await env.pass(REMEMBERED_MS);
    polls = [];
    make().start();
    await env.pass(1_000);
    expect(polls).toEqual([]);
  });

  test('a socket that speaks is trusted again after a reload', async () => {
    pollAnswers(100);
    await env.pass(3_000);
    newest().say('event');
    connection.stop();
    polls = [];
    make().start();
    await env.pass(1_000);
    expect(polls).toEqual([]);
  });

  test('sockets are tried with growing waits, beside the poll', async () => {
    pollAnswers(10_000);
    const waits: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      cut();
      const [count, from] = [sockets.length, env.time];
      while (sockets.length === count) await env.pass(1_000);
      waits.push((env.time - from) / 1_000);
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 120, 120]);
    expect(states).toEqual(['connecting', 'polling']);
    newest().say('event');
    expect(connection.state).toBe('live');
  });

  test('one that goes silent after its first frame again and again is not trusted', async () => {
    pollAnswers(10_000);
    newest().say('event');
    probes = [() => Promise.resolve(false), () => Promise.resolve(false)];
    await env.pass(LIMITS.silenceMs);
    newest().say('event');
    expect(connection.state).toBe('live');
    await env.pass(LIMITS.silenceMs + 10_000);
    expect(connection.state).toBe('polling');
    expect(sockets.length).toBe(2);
    await env.pass(LIMITS.retrySocketMaxMs);
    expect(sockets.length).toBe(3);
  });

  test('waking asks again at once, because the poll may have died with the page', async () => {
    pollAnswers(10_000);
    cut();
    await env.pass(15_000);
    polls = [];
    connection.wake();
    expect(polls).toEqual(['now']);
    expect(signals.filter((signal) => !signal.aborted).length).toBe(1);
  });

  test('when polling fails as well, the server is down, and both are tried again', async () => {
    poll = () => Promise.reject(new Error('down'));
    cut();
    await settle();
    expect(connection.state).toBe('waiting');
    while (sockets.length === 1) await env.pass(10);
    newest().say('event');
    expect(connection.state).toBe('live');
  });

  test('a poll that fails does not end a socket that is being opened', async () => {
    poll = () => Promise.reject(new Error('busy'));
    await env.pass(2_100);
    expect(connection.state).toBe('waiting');
    newest().say('event');
    expect(sockets.length).toBe(1);
    expect(connection.state).toBe('live');
  });

  test('where sockets cannot even be made, it polls', async () => {
    connection.stop();
    pollAnswers(100);
    refuse = true;
    make().start();
    await env.pass(200);
    expect(connection.state).toBe('polling');
  });
});

test('after a stop, a start opens a new socket', () => {
  newest().say('event');
  connection.stop();
  expect(newest().closed).toBe(true);
  connection.start();
  newest().say('event');
  expect([sockets.length, connection.state]).toEqual([2, 'live']);
});
