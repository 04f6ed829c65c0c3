import type { KeyValue, Env } from '../src/env.js';
import type { SocketLike } from '../src/connection.js';

/** A clock that moves only in `pass`, and a `random` that is always one half. */
export class FakeEnv implements Env {
  time = 1_800_000_000_000;
  private ids = 0;
  private timers: { at: number; run: () => void }[] = [];

  now = () => this.time;
  random = () => 0.5;
  id = () => `id${++this.ids}`;

  after = (ms: number, run: () => void) => {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  /** Moves the clock. Pending promises run after each timer. */
  async pass(ms: number): Promise<void> {
    await settle();
    const end = this.time + ms;
    for (;;) {
      const [next] = this.timers.filter((t) => t.at <= end).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
      await settle();
    }
    this.time = end;
    await settle();
  }
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
}

export class FakeSocket implements SocketLike {
  sent: string[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;

  send(data: string): void {
    this.sent.push(data);
  }

  close(): void {
    this.closed = true;
  }

  say(event: unknown): void {
    this.onmessage?.({ data: JSON.stringify(event) });
  }
}

export function memory(
  start: Record<string, string> = {},
): KeyValue & { all: Map<string, string> } {
  const all = new Map(Object.entries(start));
  return {
    all,
    get: (key) => all.get(key) ?? null,
    set: (key, value) => void (value === null ? all.delete(key) : all.set(key, value)),
    removeByPrefix: (prefix) => {
      for (const key of all.keys()) if (key.startsWith(prefix)) all.delete(key);
    },
  };
}

export interface Request {
  method: string;
  path: string;
  body: unknown;
}

/** A fetch with the test's own answers: status and body, or an Error for no answer. */
export class FakeServer {
  requests: Request[] = [];
  answer: (request: Request) => [number, unknown] | Error | Promise<[number, unknown]> = () => [
    200,
    {},
  ];

  fetch = (async (url: string, init: RequestInit = {}) => {
    const request = {
      method: init.method ?? 'GET',
      path: url.replace('http://baton', ''),
      body: init.body === undefined ? undefined : JSON.parse(String(init.body)),
    };
    this.requests.push(request);
    const answer = await this.answer(request);
    if (answer instanceof Error) throw answer;
    const [status, body] = answer;
    return {
      ok: status < 300,
      status,
      headers: new Headers(),
      text: () => Promise.resolve(body === undefined ? '' : JSON.stringify(body)),
    };
  }) as unknown as typeof fetch;
}
