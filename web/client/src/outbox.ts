import type { Box, Env } from './env.js';
import { OfflineError, ProblemError } from './http.js';
import { Store } from './store.js';

export type SendState = 'sending' | 'sent' | 'failed';

export interface Pending<B> {
  clientId: string;
  body: B;
  at: number;
  state: SendState;
  /** Known once the server took it; the item leaves when the stream shows this number. */
  seq?: number;
  /** Why the server will not take it; sending it again unchanged would not help. */
  refusal?: string;
}

export interface OutboxOptions<B> {
  env: Env;
  box: Box;
  key: string;
  deliver(clientId: string, body: B): Promise<{ seq: number }>;
  /** The server refused us, not the message. */
  unauthorized?: () => void;
  /** No answer came. */
  unreachable?: () => void;
}

const RETRY_MS = [400, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** So long a message is shown as being sent before we say that it was not. */
export const PATIENCE_MS = 10_000;

/**
 * What was written and not yet shown by the stream. One at a time, in the order written, with the
 * same client id on every try, so that the server takes each once. Survives a reload.
 */
export class Outbox<B> {
  readonly items: Store<readonly Pending<B>[]>;
  private busy = false;
  private tries = 0;
  private stopped = false;
  private cancelRetry: (() => void) | null = null;

  constructor(private readonly options: OutboxOptions<B>) {
    this.items = new Store<readonly Pending<B>[]>(this.restore());
  }

  add(body: B, clientId = this.options.env.id()): string {
    const item: Pending<B> = { clientId, body, at: this.options.env.now(), state: 'sending' };
    this.put([...this.items.value, item]);
    this.pump();
    return clientId;
  }

  /** Takes up what a reload left, or tries again now what waits for a clock. */
  wake(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.tries = 0;
    this.pump();
  }

  retry(clientId: string): void {
    this.change(clientId, { state: 'sending', at: this.options.env.now(), refusal: undefined });
    this.wake();
  }

  discard(clientId: string): void {
    this.put(this.items.value.filter((item) => item.clientId !== clientId));
  }

  /** The stream shows everything up to `seq`, and these client ids. */
  shown(seq: number, clientIds: ReadonlySet<string>): void {
    const left = this.items.value.filter(
      (item) => !clientIds.has(item.clientId) && !(item.seq !== undefined && item.seq <= seq),
    );
    if (left.length !== this.items.value.length) this.put(left);
  }

  clear(): void {
    this.cancelRetry?.();
    this.put([]);
  }

  /** For good: sends nothing more and leaves the box as it is. */
  stop(): void {
    this.stopped = true;
    this.cancelRetry?.();
  }

  private pump(): void {
    if (this.busy || this.cancelRetry || this.stopped) return;
    const next = this.items.value.find((item) => item.seq === undefined && !item.refusal);
    if (!next) return;
    this.busy = true;
    this.options.deliver(next.clientId, next.body).then(
      ({ seq }) => {
        this.busy = false;
        this.tries = 0;
        this.change(next.clientId, { state: 'sent', seq });
        this.pump();
      },
      (error: unknown) => {
        this.busy = false;
        this.failed(next, error);
      },
    );
  }

  private failed(item: Pending<B>, error: unknown): void {
    if (this.stopped) return;
    if (error instanceof ProblemError && !error.passing) {
      if (error.status === 401) {
        this.options.unauthorized?.();
        return;
      }
      this.change(item.clientId, { state: 'failed', refusal: error.message });
      this.pump();
      return;
    }
    if (error instanceof OfflineError) this.options.unreachable?.();
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)] ?? 0;
    this.tries += 1;
    const now = this.options.env.now();
    for (const waiting of this.items.value) {
      const late = now + wait - waiting.at > PATIENCE_MS;
      if (waiting.state === 'sending' && late) this.change(waiting.clientId, { state: 'failed' });
    }
    const jittered = wait * (0.5 + this.options.env.random() / 2);
    this.cancelRetry = this.options.env.after(jittered, () => {
      this.cancelRetry = null;
      this.pump();
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
    const { box, key } = this.options;
    box.set(key, open.length === 0 ? null : JSON.stringify(open));
  }

  private restore(): Pending<B>[] {
    try {
      const saved: unknown = JSON.parse(this.options.box.get(this.options.key) ?? '[]');
      if (!Array.isArray(saved)) return [];
      return (saved as Pending<B>[]).filter((item) => typeof item.clientId === 'string');
    } catch {
      return [];
    }
  }
}
