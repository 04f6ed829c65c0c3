import type { Env, KeyValue } from './env.js';

/** After this time sockets are trusted again. */
export const REMEMBERED_MS = 60 * 60_000;

/** Remembers that sockets do not work in this network, so that a reload need not find out again. */
export class Fallback {
  constructor(
    private readonly env: Env,
    private readonly storage: KeyValue,
    private readonly key: string,
  ) {}

  /** Whether to poll at once instead of waiting for a socket to speak. */
  get remembered(): boolean {
    const left = Number(this.storage.get(this.key) ?? 0) - this.env.now();
    return left > 0 && left <= REMEMBERED_MS;
  }

  remember(): void {
    this.storage.set(this.key, String(this.env.now() + REMEMBERED_MS));
  }

  forget(): void {
    if (this.storage.get(this.key) !== null) this.storage.set(this.key, null);
  }
}
