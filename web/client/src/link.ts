import type { Env } from './env.js';

/**
 * A WebSocket that is kept: it reconnects with full jitter, finds half-open connections by asking
 * over HTTP when the socket was silent for long, and polls where sockets cannot be opened.
 * What is said over it, and in which order it counts, is the owner's business.
 */
export interface SocketLike {
  send(data: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: (() => void) | null;
}

export type LinkState = 'idle' | 'connecting' | 'live' | 'polling' | 'waiting';

export interface LinkOwner {
  connect(): SocketLike;
  /** First frames after the socket opened. */
  hello(): string[];
  frame(data: unknown): void;
  /** Asks over HTTP. Resolves to false when the server knew more than the socket had told. */
  probe(): Promise<boolean>;
  /** One round of polling; resolves when it brought an answer. */
  poll(): Promise<void>;
  /** The server does not know us; the link has stopped. */
  refused(): void;
  changed(state: LinkState): void;
}

export const LIMITS = {
  backoffBaseMs: 500,
  backoffMaxMs: 20_000,
  openTimeoutMs: 10_000,
  silenceMs: 30_000,
  stableMs: 5_000,
  opensFailedBeforePolling: 2,
  retrySocketAfterMs: 120_000,
};

const REFUSED = 4401;

export class Link {
  state: LinkState = 'idle';
  private socket: SocketLike | null = null;
  private failures = 0;
  private neverOpened = 0;
  private heardAt = 0;
  private running = false;
  private round = 0;
  private cancel = new Map<string, () => void>();

  constructor(
    private readonly owner: LinkOwner,
    private readonly env: Env,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.open();
  }

  stop(): void {
    this.running = false;
    this.drop();
    this.become('idle');
  }

  /** The page came back into view or online: do not wait for any clock. */
  wake(): void {
    if (!this.running) return;
    if (this.state === 'waiting') {
      this.failures = 0;
      this.open();
    } else if (this.state === 'live') {
      this.check();
    }
  }

  /** Something else failed to reach the server: find out now whether the socket is cut as well. */
  suspect(): void {
    if (this.state === 'live') this.check();
  }

  /** Sends on the live socket; what matters is sent again by `hello` after a reconnect. */
  send(frame: string): void {
    if (this.state === 'live') this.socket?.send(frame);
  }

  /** Drops the socket and opens a new one that resumes where the log ends. */
  reconnect(): void {
    if (!this.running || this.state === 'polling') return;
    this.drop();
    this.open();
  }

  private open(): void {
    this.drop();
    const round = this.round;
    this.become('connecting');
    let socket: SocketLike;
    try {
      socket = this.owner.connect();
    } catch {
      this.failed(false);
      return;
    }
    this.socket = socket;
    let opened = false;
    this.later('open', LIMITS.openTimeoutMs, () => this.failed(false));
    socket.onopen = () => {
      if (round !== this.round) return;
      opened = true;
      this.opened(socket);
    };
    socket.onmessage = (event) => {
      if (round !== this.round) return;
      this.heard();
      this.owner.frame(event.data);
    };
    socket.onerror = () => undefined;
    socket.onclose = (event) => {
      if (round !== this.round) return;
      if (event.code === REFUSED) {
        this.stop();
        this.owner.refused();
      } else {
        this.failed(opened);
      }
    };
  }

  private opened(socket: SocketLike): void {
    this.later('open', null);
    this.neverOpened = 0;
    for (const frame of this.owner.hello()) socket.send(frame);
    this.become('live');
    this.heard();
    this.later('stable', LIMITS.stableMs, () => (this.failures = 0));
  }

  private heard(): void {
    this.heardAt = this.env.now();
    this.later('silence', LIMITS.silenceMs, () => this.check());
  }

  /** Silence may mean that nobody speaks, or that the wire is cut: ask on another one. */
  private check(): void {
    const round = this.round;
    this.later('silence', null);
    const asked = this.env.now();
    void this.owner.probe().then(
      (toldAll) => {
        if (round !== this.round) return;
        if (toldAll || this.heardAt > asked) this.heard();
        else this.reconnect();
      },
      () => {
        if (round === this.round) this.failed(true);
      },
    );
  }

  private failed(opened: boolean): void {
    this.drop();
    if (!this.running) return;
    if (!opened) this.neverOpened += 1;
    if (this.neverOpened >= LIMITS.opensFailedBeforePolling) {
      this.pollOn();
      return;
    }
    this.wait(() => this.open());
  }

  private wait(then: () => void): void {
    const limit = Math.min(LIMITS.backoffMaxMs, LIMITS.backoffBaseMs * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    this.become('waiting');
    this.later('retry', Math.max(50, this.env.random() * limit), then);
  }

  private pollOn(): void {
    const round = this.round;
    if (this.state !== 'polling') this.become('connecting');
    this.later('socket', LIMITS.retrySocketAfterMs, () => {
      this.neverOpened = LIMITS.opensFailedBeforePolling - 1;
      this.open();
    });
    const again = () => {
      if (round !== this.round || !this.running) return;
      void this.owner.poll().then(
        () => {
          if (round !== this.round) return;
          this.failures = 0;
          this.become('polling');
          this.later('retry', 0, again);
        },
        () => {
          if (round !== this.round) return;
          // Neither way works, so the server is away: try the socket first when it is back.
          this.drop();
          this.neverOpened = LIMITS.opensFailedBeforePolling - 1;
          this.wait(() => this.open());
        },
      );
    };
    again();
  }

  private drop(): void {
    this.round += 1;
    for (const cancel of this.cancel.values()) cancel();
    this.cancel.clear();
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
  }

  private later(name: string, ms: number | null, run?: () => void): void {
    this.cancel.get(name)?.();
    this.cancel.delete(name);
    if (ms !== null && run) this.cancel.set(name, this.env.after(ms, run));
  }

  private become(state: LinkState): void {
    if (state === this.state) return;
    this.state = state;
    this.owner.changed(state);
  }
}
