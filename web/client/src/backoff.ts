import type { Env } from './env.js';

export const BACKOFF = { baseMs: 500, maxMs: 20_000, leastMs: 50 };

/**
 * The waits between tries. Each is random between nothing and a limit, which doubles up to a cap:
 * clients that lost a server in the same moment do not all come back in the same moment.
 */
export class Backoff {
  private failures = 0;

  constructor(private readonly env: Env) {}

  reset(): void {
    this.failures = 0;
  }

  /** The next wait in milliseconds, on top of what the server asked for. */
  next(askedMs = 0): number {
    const limit = Math.min(BACKOFF.maxMs, BACKOFF.baseMs * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    return askedMs + Math.max(BACKOFF.leastMs, this.env.random() * limit);
  }
}
