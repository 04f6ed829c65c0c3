import { beforeEach, describe, expect, test } from 'vitest';
import { OfflineError, ProblemError } from '../src/http.js';
import { Outbox, FAILED_AFTER_MS, type OutboxOptions } from '../src/outbox.js';
import { FakeEnv, memory, settle } from './fakes.js';

type Body = { text: string };
type Over = { resolve(taken: { seq: number }): void; reject(error: Error): void };
let env: FakeEnv;
let storage: ReturnType<typeof memory>;
let tries: string[];
let complaints: string[];
let send: OutboxOptions<Body>['send'];

const make = () =>
  new Outbox<Body>({
    env,
    storage,
    key: 'unsent',
    send: (id, body) => {
      tries.push(`${id} ${body.text}`);
      return send(id, body);
    },
    onUnauthorized: () => complaints.push('unauthorized'),
    onUnreachable: () => complaints.push('unreachable'),
  });
const states = (outbox: Outbox<Body>) => outbox.items.value.map((i) => `${i.body.text} ${i.state}`);
const refusal = (status: number) => new ProblemError({ id: 'x', status, detail: 'No.' });

beforeEach(() => {
  env = new FakeEnv();
  storage = memory();
  tries = [];
  complaints = [];
  let seq = 0;
  send = () => Promise.resolve({ seq: ++seq });
});

describe('the outbox', () => {
  test('sends in the order written, one at a time', async () => {
    let open: () => void = () => undefined;
    send = () => new Promise((resolve) => (open = () => resolve({ seq: 1 })));
    const outbox = make();
    outbox.add({ text: 'a' });
    outbox.add({ text: 'b' });
    await settle();
    expect(tries).toEqual(['id1 a']);
    open();
    await settle();
    expect(tries).toEqual(['id1 a', 'id2 b']);
    expect(states(outbox)).toEqual(['a sent', 'b sending']);
  });

  test('retries with the same client id until it is accepted', async () => {
    let left = 3;
    send = () => (left-- > 0 ? Promise.reject(new OfflineError()) : Promise.resolve({ seq: 4 }));
    const outbox = make();
    outbox.add({ text: 'a' });
    outbox.add({ text: 'b' });
    await env.pass(20_000);
    expect(tries).toEqual(['id1 a', 'id1 a', 'id1 a', 'id1 a', 'id2 b']);
  });

  test.each<[string, (over: Over) => void]>([
    ['taken', ({ resolve }) => resolve({ seq: 1 })],
    ['not heard', ({ reject }) => reject(new OfflineError())],
    ['of nobody we know', ({ reject }) => reject(refusal(401))],
  ])('stopped, it is done, even when the last try was %s', async (_, end) => {
    const over = {} as Over;
    send = () => new Promise((resolve, reject) => Object.assign(over, { resolve, reject }));
    const outbox = make();
    outbox.add({ text: 'a' });
    outbox.add({ text: 'b' });
    await settle();
    outbox.stop();
    storage.set('unsent', 'of the next one');
    end(over);
    outbox.wake();
    await env.pass(60_000);
    expect(tries).toEqual(['id1 a']);
    expect(storage.get('unsent')).toBe('of the next one');
    expect(complaints).toEqual([]);
  });

  test('shows a message as failed after ten seconds, and still retries', async () => {
    send = () => Promise.reject(new OfflineError());
    const outbox = make();
    outbox.add({ text: 'a' });
    await env.pass(FAILED_AFTER_MS + 5_000);
    expect(states(outbox)).toEqual(['a failed']);
    send = () => Promise.resolve({ seq: 1 });
    outbox.retry('id1');
    await settle();
    expect(states(outbox)).toEqual(['a sent']);
    expect(new Set(tries)).toEqual(new Set(['id1 a']));
  });

  test('a rejected message does not block the next one', async () => {
    send = (_, { text }) =>
      text === 'a' ? Promise.reject(refusal(422)) : Promise.resolve({ seq: 1 });
    const outbox = make();
    outbox.add({ text: 'a' });
    outbox.add({ text: 'b' });
    await settle();
    expect(states(outbox)).toEqual(['a failed', 'b sent']);
    expect(outbox.items.value[0]?.refusal).toBe('No.');
  });

  test('a busy server does not reject a message', async () => {
    let left = 1;
    send = () => (left-- > 0 ? Promise.reject(refusal(503)) : Promise.resolve({ seq: 1 }));
    const outbox = make();
    outbox.add({ text: 'a' });
    await env.pass(5_000);
    expect(states(outbox)).toEqual(['a sent']);
  });

  test('survives a reload until it is acknowledged, and no longer', async () => {
    send = () => Promise.reject(new OfflineError());
    make().add({ text: 'a' });
    await settle();
    send = () => Promise.resolve({ seq: 9 });
    const after = make();
    after.wake();
    await settle();
    expect(tries).toEqual(['id1 a', 'id1 a']);
    expect(storage.all.size).toBe(0);
    after.confirm(9, new Set());
    expect(states(after)).toEqual([]);
  });

  test('removes a message that the stream shows, even if the answer was lost', async () => {
    send = () => Promise.reject(new OfflineError());
    const outbox = make();
    outbox.add({ text: 'a' });
    outbox.confirm(3, new Set(['id1']));
    expect(states(outbox)).toEqual([]);
    expect(storage.all.size).toBe(0);
  });

  test('damaged storage counts as empty', () => {
    storage.set('unsent', '{"x":');
    expect(states(make())).toEqual([]);
  });
});
