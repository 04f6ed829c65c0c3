import type { Env } from './env.js';

/**
 * Keeps a WebSocket open. It reconnects with full jitter, and polls where sockets cannot be opened.
 * After a long silence it asks over HTTP, to find sockets that are dead without being closed.
 * The handler decides what is sent and how frames are ordered.
 */
export interface SocketLike {
  send(data: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: (() => void) | null;
}

export type ConnectionState = 'idle' | 'connecting' | 'live' | 'polling' | 'waiting';

export interface ConnectionHandler {
  openSocket(): SocketLike;
  /** The frames to send first on every new socket. */
  firstFrames(): string[];
  onFrame(data: unknown): void;
  /** Asks over HTTP. Resolves to false if the server has events that the socket did not send. */
  isUpToDate(): Promise<boolean>;
  /** One poll. Resolves when an answer came. */
  poll(): Promise<void>;
  /** The server rejected our token or session. The connection has stopped. */
  onUnauthorized(): void;
  onStateChange(state: ConnectionState): void;
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

/** Close code for an invalid token or session. */
const CLOSE_UNAUTHORIZED = 4401;

export class Connection {
  state: ConnectionState = 'idle';
  private socket: SocketLike | null = null;
  private failures = 0;
  private failedOpens = 0;
  private lastHeardAt = 0;
  private running = false;
  private generation = 0;
  /** Functions that cancel the running timers, by name. */
  private timers = new Map<string, () => void>();

  constructor(
    private readonly handler: ConnectionHandler,
    private readonly env: Env,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.open();
  }

  stop(): void {
    this.running = false;
    this.closeSocket();
    this.setState('idle');
  }

  /** The page is visible or online again: reconnect or check now, without waiting. */
  wake(): void {
    if (!this.running) return;
    if (this.state === 'waiting') {
      this.failures = 0;
      this.open();
    } else if (this.state === 'live') {
      this.check();
    }
  }

  /** Another request did not reach the server: check now whether the socket is dead as well. */
  verify(): void {
    if (this.state === 'live') this.check();
  }

  /** Sends on the live socket, else does nothing: `firstFrames` repeats what matters. */
  send(frame: string): void {
    if (this.state === 'live') this.socket?.send(frame);
  }

  /** Closes the socket and opens a new one, which resumes after the last event seen. */
  reconnect(): void {
    if (!this.running || this.state === 'polling') return;
    this.closeSocket();
    this.open();
  }

  private open(): void {
    this.closeSocket();
    const generation = this.generation;
    this.setState('connecting');
    let socket: SocketLike;
    try {
      socket = this.handler.openSocket();
    } catch {
      this.failed(false);
      return;
    }
    this.socket = socket;
    let opened = false;
    this.setTimer('open', LIMITS.openTimeoutMs, () => this.failed(false));
    socket.onopen = () => {
      if (generation !== this.generation) return;
      opened = true;
      this.opened(socket);
    };
    socket.onmessage = (event) => {
      if (generation !== this.generation) return;
      this.heard();
      this.handler.onFrame(event.data);
    };
    socket.onerror = () => undefined;
    socket.onclose = (event) => {
      if (generation !== this.generation) return;
      if (event.code === CLOSE_UNAUTHORIZED) {
        this.stop();
        this.handler.onUnauthorized();
      } else {
        this.failed(opened);
      }
    };
  }

  private opened(socket: SocketLike): void {
    this.setTimer('open', null);
    this.failedOpens = 0;
    for (const frame of this.handler.firstFrames()) socket.send(frame);
    this.setState('live');
    this.heard();
    this.setTimer('stable', LIMITS.stableMs, () => (this.failures = 0));
  }

  private heard(): void {
    this.lastHeardAt = this.env.now();
    this.setTimer('silence', LIMITS.silenceMs, () => this.check());
  }

  /** The socket is silent: there may be no news, or it may be dead. Ask over HTTP. */
  private check(): void {
    const generation = this.generation;
    this.setTimer('silence', null);
    const asked = this.env.now();
    void this.handler.isUpToDate().then(
      (toldAll) => {
        if (generation !== this.generation) return;
        if (toldAll || this.lastHeardAt > asked) this.heard();
        else this.reconnect();
      },
      () => {
        if (generation === this.generation) this.failed(true);
      },
    );
  }

  private failed(opened: boolean): void {
    this.closeSocket();
    if (!this.running) return;
    if (!opened) this.failedOpens += 1;
    if (this.failedOpens >= LIMITS.opensFailedBeforePolling) {
      this.startPolling();
      return;
    }
    this.retryLater(() => this.open());
  }

  private retryLater(then: () => void): void {
    const limit = Math.min(LIMITS.backoffMaxMs, LIMITS.backoffBaseMs * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    this.setState('waiting');
    this.setTimer('retry', Math.max(50, this.env.random() * limit), then);
  }

  private startPolling(): void {
    const generation = this.generation;
    if (this.state !== 'polling') this.setState('connecting');
    this.setTimer('socket', LIMITS.retrySocketAfterMs, () => {
      this.failedOpens = LIMITS.opensFailedBeforePolling - 1;
      this.open();
    });
    const again = () => {
      if (generation !== this.generation || !this.running) return;
      void this.handler.poll().then(
        () => {
          if (generation !== this.generation) return;
          this.failures = 0;
          this.setState('polling');
          this.setTimer('retry', 0, again);
        },
        () => {
          if (generation !== this.generation) return;
          // Sockets and polling both fail, so the server is down: try a socket first next time.
          this.closeSocket();
          this.failedOpens = LIMITS.opensFailedBeforePolling - 1;
          this.retryLater(() => this.open());
        },
      );
    };
    again();
  }

  private closeSocket(): void {
    this.generation += 1;
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
  }

  private setTimer(name: string, ms: number | null, run?: () => void): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
    if (ms !== null && run) this.timers.set(name, this.env.after(ms, run));
  }

  private setState(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    this.handler.onStateChange(state);
  }
}
