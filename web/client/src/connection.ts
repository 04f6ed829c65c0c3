import { Backoff } from './backoff.js';
import type { Env } from './env.js';
import type { Fallback } from './fallback.js';
import { askedWait } from './http.js';

/**
 * Brings events: over a WebSocket, and over a long poll where the socket is silent. A network may
 * refuse a socket, swallow its upgrade, or swallow its frames, so only a frame from the server
 * proves that it works. Until then a poll runs beside it; once it speaks, the poll ends.
 * After a long silence the connection asks over HTTP, to find sockets that died without being
 * closed. The handler decides what is sent and how frames are ordered.
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
  /** The frames to send first on every new socket. The server must answer them with a frame. */
  firstFrames(): string[];
  onFrame(data: unknown): void;
  /** Asks over HTTP. Resolves to false if the server has events that the socket did not send. */
  isUpToDate(): Promise<boolean>;
  /** One poll: answered at once, or with `wait` when there is news or some time has passed. */
  poll(wait: boolean, signal: AbortSignal): Promise<void>;
  /** The server rejected our token or session. The connection has stopped. */
  onUnauthorized(): void;
  onStateChange(state: ConnectionState): void;
}

export const LIMITS = {
  /** A socket that says nothing for this time gets a poll beside it. */
  firstFrameMs: 2_000,
  /** A socket that says nothing for this time is given up. */
  openTimeoutMs: 10_000,
  silenceMs: 30_000,
  stableMs: 5_000,
  /** Least time between the starts of two polls. */
  pollGapMs: 200,
  /** While polling, sockets are tried with doubled waits between these two. */
  retrySocketMinMs: 5_000,
  retrySocketMaxMs: 120_000,
  /** A socket found deaf this often in a row is not trusted for the longest of these waits. */
  deafMax: 2,
  /** After this many sockets in a row that were cut before they were stable, a poll takes over. */
  cutSoonMax: 6,
};

/** Close code for an invalid token or session. */
const CLOSE_UNAUTHORIZED = 4401;

export class Connection {
  state: ConnectionState = 'idle';
  private running = false;
  private socket: SocketLike | null = null;
  private isOpen = false;
  /** When the socket spoke first; null before. */
  private spokeAt: number | null = null;
  private lastHeardAt = 0;
  /** Ends the poll that is running. */
  private polling: AbortController | null = null;
  private readonly backoff: Backoff;
  private socketTries = 0;
  private deaf = 0;
  private cutSoon = 0;
  /** Functions that cancel the running timers, by name. */
  private timers = new Map<string, () => void>();

  constructor(
    private readonly handler: ConnectionHandler,
    private readonly env: Env,
    private readonly fallback: Fallback,
  ) {
    this.backoff = new Backoff(env);
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.open();
  }

  stop(): void {
    this.running = false;
    this.closeAll();
    this.setState('idle');
  }

  /** The page is visible or online again: reconnect or check now, without waiting. */
  wake(): void {
    if (this.state === 'waiting') {
      this.backoff.reset();
      this.open();
    } else this.verify();
  }

  /** Another request did not reach the server: check now whether the connection is dead as well. */
  verify(): void {
    if (this.state === 'live') this.check();
    else if (this.state === 'polling') this.startPolling();
  }

  /** Sends on the open socket, else does nothing: `firstFrames` repeats what matters. */
  send(frame: string): void {
    if (this.isOpen) this.socket?.send(frame);
  }

  /** The socket did not bring what it should: opens a new one, or polls if that happens again. */
  reconnect(): void {
    if (!this.running || this.polling) return;
    this.deaf += 1;
    if (this.deaf < LIMITS.deafMax) return this.open();
    this.closeSocket();
    this.startPolling();
  }

  private open(): void {
    this.closeAll();
    this.setState('connecting');
    const wait = this.fallback.remembered ? 0 : LIMITS.firstFrameMs;
    this.setTimer('beside', wait, () => this.startPolling());
    this.openSocket();
  }

  private openSocket(): void {
    this.closeSocket();
    let socket: SocketLike;
    try {
      socket = this.handler.openSocket();
    } catch {
      this.socketFailed();
      return;
    }
    this.socket = socket;
    const ifCurrent =
      <A extends unknown[]>(run: (...args: A) => void) =>
      (...args: A) => {
        if (socket === this.socket) run(...args);
      };
    this.setTimer('open', LIMITS.openTimeoutMs, () => this.socketFailed());
    socket.onopen = ifCurrent(() => {
      this.isOpen = true;
      for (const frame of this.handler.firstFrames()) socket.send(frame);
    });
    socket.onmessage = ifCurrent((event: { data: unknown }) => {
      this.heard();
      this.handler.onFrame(event.data);
    });
    socket.onerror = () => undefined;
    socket.onclose = ifCurrent((event: { code: number }) => {
      if (event.code !== CLOSE_UNAUTHORIZED) return this.socketFailed();
      this.stop();
      this.handler.onUnauthorized();
    });
  }

  private heard(): void {
    const now = this.env.now();
    this.lastHeardAt = now;
    this.expectFrame();
    if (this.spokeAt === null) {
      this.spokeAt = now;
      this.setTimer('open', null);
      this.setTimer('beside', null);
      this.stopPolling();
      this.fallback.forget();
      this.setState('live');
      this.setTimer('stable', LIMITS.stableMs, () => {
        this.backoff.reset();
        this.cutSoon = 0;
      });
    } else if (now - this.spokeAt >= LIMITS.stableMs) {
      this.deaf = 0;
      this.socketTries = 0;
    }
  }

  private expectFrame(): void {
    this.setTimer('silence', LIMITS.silenceMs, () => this.check());
  }

  /** The socket is silent: there may be no news, or it may be dead. Ask over HTTP. */
  private check(): void {
    const { socket } = this;
    this.setTimer('silence', null);
    const asked = this.env.now();
    void this.handler.isUpToDate().then(
      (toldAll) => {
        if (socket !== this.socket) return;
        if (toldAll || this.lastHeardAt > asked) this.expectFrame();
        else this.reconnect();
      },
      () => {
        if (socket === this.socket) this.socketFailed();
      },
    );
  }

  private socketFailed(): void {
    const { spokeAt } = this;
    // Some proxies cut each socket soon: that is as bad as a deaf one.
    if (spokeAt !== null && this.env.now() - spokeAt < LIMITS.stableMs) this.cutSoon += 1;
    this.closeSocket();
    if (this.polling) this.trySocketLater();
    else if (spokeAt !== null && this.cutSoon < LIMITS.cutSoonMax) this.retryLater();
    else this.startPolling();
  }

  /** While polling: tries a socket beside the poll, which goes on until the socket speaks. */
  private trySocketLater(): void {
    const { retrySocketMinMs: min, retrySocketMaxMs: max, deafMax } = LIMITS;
    const distrusted = this.deaf >= deafMax || this.cutSoon >= LIMITS.cutSoonMax;
    const wait = distrusted ? max : Math.min(max, min * 2 ** this.socketTries);
    this.socketTries = Math.min(this.socketTries + 1, 10);
    this.setTimer('socket', wait, () => this.openSocket());
  }

  private startPolling(): void {
    this.stopPolling();
    this.setTimer('beside', null);
    if (!this.socket && !this.timers.has('socket')) this.trySocketLater();
    const { signal } = (this.polling = new AbortController());
    const poll = (wait: boolean): void => {
      const from = this.env.now();
      void this.handler.poll(wait, signal).then(
        () => {
          if (signal.aborted) return;
          this.backoff.reset();
          this.fallback.remember();
          this.setState('polling');
          const gap = Math.max(0, from + LIMITS.pollGapMs - this.env.now());
          this.setTimer('again', gap, () => poll(true));
        },
        (error: unknown) => {
          if (!signal.aborted) this.pollFailed(askedWait(error));
        },
      );
    };
    poll(false);
  }

  private stopPolling(): void {
    this.setTimer('again', null);
    this.polling?.abort();
    this.polling = null;
  }

  /** The server may be down. A socket that is being opened has its chance until it is given up. */
  private pollFailed(askedMs: number): void {
    this.stopPolling();
    if (!this.socket) return this.retryLater(askedMs);
    this.setState('waiting');
    this.setTimer('beside', this.backoff.next(askedMs), () => this.startPolling());
  }

  private retryLater(askedMs = 0): void {
    this.closeAll();
    this.setState('waiting');
    this.setTimer('retry', this.backoff.next(askedMs), () => this.open());
  }

  private closeAll(): void {
    this.closeSocket();
    this.stopPolling();
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }

  private closeSocket(): void {
    for (const name of ['open', 'silence', 'stable']) this.setTimer(name, null);
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    this.spokeAt = null;
    socket?.close();
  }

  private setTimer(name: string, ms: number | null, run?: () => void): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
    if (ms === null || !run) return;
    const cancel = this.env.after(ms, () => {
      this.timers.delete(name);
      run();
    });
    this.timers.set(name, cancel);
  }

  private setState(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    this.handler.onStateChange(state);
  }
}
