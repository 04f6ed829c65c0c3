import { describe, expect, test } from 'vitest';
import { BACKOFF, Backoff } from '../src/backoff.js';
import { Connection, LIMITS, type ConnectionHandler } from '../src/connection.js';
import { Fallback } from '../src/fallback.js';
import { ProblemError } from '../src/http.js';
import { Outbox } from '../src/outbox.js';
import { FakeEnv, FakeSocket, memory, settle } from './fakes.js';

/** Pseudo-random numbers from a seed, evenly between 0 and 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** A client of a server that is down between two times. Notes when it tried to open a socket. */
function client(env: FakeEnv, { from, to }: { from: number; to: number }, asked = 0) {
  const tried: number[] = [];
  let newest = new FakeSocket();
  const isDown = () => env.now() >= from && env.now() < to;
  const handler: ConnectionHandler = {
    openSocket: () => {
      const socket = (newest = new FakeSocket());
      tried.push(env.now());
      const refused = isDown();
      env.after(1, () => {
        if (refused) return socket.onclose?.({ code: 1006 });
        socket.onopen?.();
        socket.say({});
      });
      return socket;
    },
    firstFrames: () => [],
    onFrame: () => undefined,
    isUpToDate: () => Promise.resolve(true),
    poll: () => {
      const busy = new ProblemError({ id: 'unavailable', status: 503 }, asked);
      return isDown() ? Promise.reject(busy) : Promise.resolve();
    },
    onUnauthorized: () => undefined,
    onStateChange: () => undefined,
  };
  const connection = new Connection(handler, env, new Fallback(env, memory(), 'polling'));
  return { connection, tried, cut: () => newest.onclose?.({ code: 1006 }) };
}

describe('C3: no stampede', () => {
  test('C3: each wait is anything between nothing and a limit that doubles up to the cap', () => {
    const env = new FakeEnv();
    for (const [random, expected] of [
      [0, [50, 50, 50, 50, 50, 50, 50, 50]],
      [1, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]],
    ] as const) {
      env.random = () => random;
      const backoff = new Backoff(env);
      expect(expected.map(() => backoff.next())).toEqual(expected);
      backoff.reset();
      expect(backoff.next(7_000)).toBe(7_000 + (expected[0] ?? 0));
    }
  });

  test('C3: of 2,000 clients all are back within a minute, and never many at once', async () => {
    const random = randomOf(7);
    const seconds = new Map<number, number>();
    for (let n = 0; n < 2_000; n += 1) {
      // A clock for each, which says the same as the others.
      const env = new FakeEnv();
      env.random = random;
      const from = env.now() + LIMITS.stableMs + 1;
      const to = from + 20_000;
      const { connection, tried, cut } = client(env, { from, to });
      connection.start();
      await env.pass(from - env.now());
      expect(connection.state).toBe('live');
      cut();
      await env.pass(to - from + BACKOFF.maxMs + 1);
      expect(connection.state).toBe('live');
      for (const at of tried.filter((time) => time >= to)) {
        const second = Math.floor((at - to) / 1_000);
        seconds.set(second, (seconds.get(second) ?? 0) + 1);
      }
    }
    // Once the server is there, they come over the whole of the last wait.
    expect(seconds.size).toBeGreaterThan(12);
    expect(Math.max(...seconds.values())).toBeLessThan(400);
  }, 60_000);

  test('C3: what the server asks for with Retry-After is waited for, and then some', async () => {
    const env = new FakeEnv();
    const forever = { from: 0, to: Infinity };
    const { connection, tried } = client(env, forever, 30_000);
    connection.start();
    await env.pass(29_000);
    const before = tried.length;
    await env.pass(2_000);
    expect([before, tried.length]).toEqual([1, 2]);
  });

  test('C3: unsent messages of many clients do not come in one moment either', async () => {
    const env = new FakeEnv();
    env.random = randomOf(11);
    const tried: number[] = [];
    const from = env.now();
    for (let n = 0; n < 500; n += 1) {
      const outbox = new Outbox<{ text: string }>({
        env,
        storage: memory(),
        key: 'unsent',
        send: () => {
          tried.push(env.now() - from);
          return Promise.reject(new ProblemError({ id: 'unavailable', status: 503 }));
        },
      });
      outbox.add({ text: 'hello' });
    }
    await settle();
    await env.pass(BACKOFF.baseMs);
    const second = tried.filter((at) => at > 0);
    expect(second.length).toBeGreaterThanOrEqual(500);
    for (let slot = 0; slot < BACKOFF.baseMs; slot += 100) {
      const burst = second.filter((at) => at > slot && at <= slot + 100).length;
      expect(burst).toBeGreaterThan(20);
      expect(burst).toBeLessThan(300);
    }
  });
});
