import { beforeEach, describe, expect, test } from 'vitest';
import { Connection, LIMITS, type ConnectionState } from '../src/connection.js';
import { FakeEnv, FakeSocket, settle } from './fakes.js';

let env: FakeEnv;
let sockets: FakeSocket[];
let states: ConnectionState[];
let probes: (() => Promise<boolean>)[];
let polls: number;
let poll: () => Promise<void>;
let onUnauthorized: boolean;
let connection: Connection;

beforeEach(() => {
  env = new FakeEnv();
  sockets = [];
  states = [];
  probes = [];
  polls = 0;
  poll = () => new Promise(() => undefined);
  onUnauthorized = false;
  connection = new Connection(
    {
      openSocket: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      firstFrames: () => ['hello'],
      onFrame: () => undefined,
      isUpToDate: () => (probes.shift() ?? (() => Promise.resolve(true)))(),
      poll: () => {
        polls += 1;
        return poll();
      },
      onUnauthorized: () => (onUnauthorized = true),
      onStateChange: (state) => states.push(state),
    },
    env,
  );
  connection.start();
});

const newest = () => sockets[sockets.length - 1] as FakeSocket;
const cut = (code = 1006) => newest().onclose?.({ code });

describe('a kept connection', () => {
  test('sends the first frames when it opens', () => {
    newest().onopen?.();
    expect(newest().sent).toEqual(['hello']);
    expect(states).toEqual(['connecting', 'live']);
  });

  test('reconnects with growing waits, and at once when the page wakes', async () => {
    const waits: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      newest().onopen?.();
      const count = sockets.length;
      const from = env.time;
      cut();
      while (sockets.length === count) await env.pass(10);
      waits.push(env.time - from);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
    newest().onopen?.();
    cut();
    const count = sockets.length;
    connection.wake();
    expect(sockets.length).toBe(count + 1);
  });

  test('a half-open socket is found within 45 seconds', async () => {
    newest().onopen?.();
    probes = [() => Promise.resolve(false)];
    const from = env.time;
    while (sockets.length === 1) await env.pass(100);
    expect(env.time - from).toBeLessThan(45_000);
    expect(sockets[0]?.closed).toBe(true);
  });

  test('a silent but healthy socket stays open', async () => {
    newest().onopen?.();
    await env.pass(10 * 60_000);
    expect(sockets.length).toBe(1);
  });

  test('a failed check counts as a lost connection', async () => {
    newest().onopen?.();
    probes = [() => Promise.reject(new Error('offline'))];
    await env.pass(LIMITS.silenceMs);
    expect(connection.state).toBe('waiting');
  });

  test('`verify` checks the socket at once', async () => {
    newest().onopen?.();
    probes = [() => Promise.reject(new Error('offline'))];
    connection.verify();
    await settle();
    expect(connection.state).toBe('waiting');
  });

  test('late frames of an old socket are ignored', async () => {
    newest().onopen?.();
    const old = newest();
    connection.reconnect();
    newest().onopen?.();
    old.onclose?.({ code: 1006 });
    expect(connection.state).toBe('live');
  });

  test('a rejected token stops it', async () => {
    newest().onopen?.();
    cut(4401);
    expect(onUnauthorized).toBe(true);
    await env.pass(60_000);
    expect(sockets.length).toBe(1);
  });
});

describe('where sockets cannot be opened', () => {
  const failTwice = async () => {
    cut();
    await env.pass(1_000);
    cut();
    await settle();
  };

  test('it polls after two tries', async () => {
    let answer: () => void = () => undefined;
    poll = () => new Promise((resolve) => (answer = resolve));
    await failTwice();
    expect(polls).toBe(1);
    answer();
    await env.pass(1);
    expect(connection.state).toBe('polling');
    expect(polls).toBe(2);
  });

  test('it tries a socket again after a while', async () => {
    await failTwice();
    await env.pass(LIMITS.retrySocketAfterMs);
    expect(sockets.length).toBe(3);
    newest().onopen?.();
    expect(connection.state).toBe('live');
  });

  test('when polling fails as well, the next try is a socket', async () => {
    poll = () => Promise.reject(new Error('down'));
    await failTwice();
    expect(connection.state).toBe('waiting');
    while (sockets.length === 2) await env.pass(100);
    newest().onopen?.();
    expect(connection.state).toBe('live');
  });
});
