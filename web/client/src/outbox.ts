import { Backoff } from './backoff.js';
import type { KeyValue, Env } from './env.js';
import { OfflineError, ProblemError, askedWait } from './http.js';
import { Store } from './store.js';

export type SendState = 'sending' | 'sent' | 'failed';

export interface Pending<B> {
  clientId: string;
  body: B;
  at: number;
  state: SendState;
  /** Set once the server accepted it. The item is removed when the stream reaches this event. */
  seq?: number;
  /** Why the server rejected it. Sending it again unchanged does not help. */
  refusal?: string;
}

export interface OutboxOptions<B> {
  env: Env;
  storage: KeyValue;
  key: string;
  send(clientId: string, body: B): Promise<{ seq: number }>;
  /** Whether it may send now; asked again on each `wake`. */
  isReady?: () => boolean;
  /** The server answered 401: the session is invalid, not the message. */
  onUnauthorized?: () => void;
  /** No answer came. */
  onUnreachable?: () => void;
}

function isPending<B>(item: Partial<Pending<B>> | null): item is Pending<B> {
  return typeof item?.clientId === 'string' && typeof item.body === 'object' && item.body !== null;
}

/** After this time without success a message is shown as failed. It is still retried. */
export const FAILED_AFTER_MS = 10_000;

/**
 * Messages that the stream has not shown yet. They are sent one at a time, in order. Every attempt
 * has the same client id, so the server stores each message once. A reload keeps them.
 */
export class Outbox<B> {
  readonly items: Store<readonly Pending<B>[]>;
  private busy = false;
  private readonly backoff: Backoff;
  private stopped = false;
  private cancelRetry: (() => void) | null = null;

  constructor(private readonly options: OutboxOptions<B>) {
    this.backoff = new Backoff(options.env);
    this.items = new Store<readonly Pending<B>[]>(this.restore());
  }

  add(body: B): void {
    this.put([...this.items.value, this.pending(body)]);
    this.sendNext();
  }

  /** Adds a message that is to be sent before those that wait. */
  addFirst(body: B): void {
    this.put([this.pending(body), ...this.items.value]);
    this.sendNext();
  }

  /** Sends what a reload left, or retries now instead of waiting for the timer. */
  wake(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.backoff.reset();
    this.sendNext();
  }

  retry(clientId: string): void {
    this.change(clientId, { state: 'sending', at: this.options.env.now(), refusal: undefined });
    this.wake();
  }

  discard(clientId: string): void {
    this.put(this.items.value.filter((item) => item.clientId !== clientId));
  }

  /** Removes messages that the stream has shown: up to `seq`, or with one of these client ids. */
  confirm(seq: number, clientIds: ReadonlySet<string>): void {
    const left = this.items.value.filter(
      (item) => !clientIds.has(item.clientId) && !(item.seq !== undefined && item.seq <= seq),
    );
    if (left.length !== this.items.value.length) this.put(left);
  }

  clear(): void {
    this.cancelRetry?.();
    this.put([]);
  }

  /** Final: sends nothing more and leaves the stored messages as they are. */
  stop(): void {
    this.stopped = true;
    this.cancelRetry?.();
  }

  private pending(body: B): Pending<B> {
    const { env } = this.options;
    return { clientId: env.id(), body, at: env.now(), state: 'sending' };
  }

  private sendNext(): void {
    if (this.busy || this.cancelRetry || this.stopped) return;
    if (this.options.isReady?.() === false) return;
    const next = this.items.value.find((item) => item.seq === undefined && !item.refusal);
    if (!next) return;
    this.busy = true;
    this.options.send(next.clientId, next.body).then(
      ({ seq }) => {
        this.busy = false;
        this.backoff.reset();
        this.change(next.clientId, { state: 'sent', seq });
        this.sendNext();
      },
      (error: unknown) => {
        this.busy = false;
        this.failed(next, error);
      },
    );
  }

  private failed(item: Pending<B>, error: unknown): void {
    if (this.stopped) return;
    if (error instanceof ProblemError && !error.temporary) {
      if (error.status === 401) {
        this.options.onUnauthorized?.();
        return;
      }
      this.change(item.clientId, { state: 'failed', refusal: error.message });
      this.sendNext();
      return;
    }
    if (error instanceof OfflineError) this.options.onUnreachable?.();
    const wait = this.backoff.next(askedWait(error));
    const now = this.options.env.now();
    for (const waiting of this.items.value) {
      const late = now + wait - waiting.at > FAILED_AFTER_MS;
      if (waiting.state === 'sending' && late) this.change(waiting.clientId, { state: 'failed' });
    }
    this.cancelRetry = this.options.env.after(wait, () => {
      this.cancelRetry = null;
      this.sendNext();
    });
  }

  private change(clientId: string, change: Partial<Pending<B>>): void {
    this.put(
      this.items.value.map((item) => (item.clientId === clientId ? { ...item, ...change } : item)),
    );
  }

  private put(items: readonly Pending<B>[]): void {
    this.items.set(items);
    if (this.stopped) return;
    const open = items.filter((item) => item.seq === undefined);
    const { storage, key } = this.options;
    storage.set(key, open.length === 0 ? null : JSON.stringify(open));
  }

  private restore(): Pending<B>[] {
    try {
      const saved: unknown = JSON.parse(this.options.storage.get(this.options.key) ?? '[]');
      if (!Array.isArray(saved)) return [];
      return (saved as (Partial<Pending<B>> | null)[]).filter(isPending<B>);
    } catch {
      return [];
    }
  }
}
