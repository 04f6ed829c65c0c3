import { keyValue, browserEnv, type KeyValue, type Env } from './env.js';
import { Backoff } from './backoff.js';
import { amongTabs, type Exclusive } from './exclusive.js';
import { Http, OfflineError, ProblemError, askedWait } from './http.js';
import { Connection, type ConnectionState, type SocketLike } from './connection.js';
import { Fallback } from './fallback.js';
import { EventLog } from './log.js';
import { Outbox } from './outbox.js';
import { Store } from './store.js';
import type { Parameters } from './rich.js';
import { profileOf, threadOf, type PageView, type Thread, type VisitorBody } from './thread.js';
import type { ConversationEvent, Profile, Page, TypingEvent } from './types.js';

export interface VisitorState {
  /** `new` until the first open; `failed` if the server could not create a visitor. */
  phase: 'new' | 'starting' | 'loading' | 'ready' | 'failed';
  connection: ConnectionState;
  thread: Thread;
  typing: { agent: Profile | null } | null;
  /** Number of messages by bot or human agent that were not on screen yet. */
  unread: number;
}

export interface VisitorOptions {
  base: string;
  botId: string;
  env?: Env;
  local?: KeyValue;
  session?: KeyValue;
  exclusive?: Exclusive;
  fetch?: typeof fetch;
  socket?: (url: string) => SocketLike;
  /** Called once for each message, when it is written. */
  page?: () => PageView;
}

/** At most one typing call in this time. */
const TYPING_EVERY_MS = 4_000;
/** An accepted message must come back on the stream within this time. */
const SHOWN_WITHIN_MS = 5_000;
/** How long the server may hold one poll. */
const POLL_SECONDS = 25;
const EMPTY: Thread = { items: [], control: 'bot', agent: null };

/** Something in between answered in our server's place, such as the sign-in of a public network. */
const notOurs = () => new OfflineError('the answer is not one of this server');

/** A stored number of an event; 0 if it is none. */
function placeOf(stored: string | null): number {
  const place = Number(stored ?? 0);
  return Number.isSafeInteger(place) && place > 0 ? place : 0;
}

/** One visitor's conversation with one bot. The widget's elements use nothing else. */
export class Visitor {
  readonly state = new Store<VisitorState>({
    phase: 'new',
    connection: 'idle',
    thread: EMPTY,
    typing: null,
    unread: 0,
  });
  readonly outbox: Outbox<VisitorBody>;
  private readonly env: Env;
  private readonly local: KeyValue;
  private readonly http: Http;
  private readonly connection: Connection;
  private readonly log = new EventLog<ConversationEvent>();
  private token: string | null;
  /** The token of the message that is being sent. */
  private sentWith: string | null = null;
  private readonly backoff: Backoff;
  private cancelStart: (() => void) | null = null;
  private onScreen = false;
  private typedAt = -Infinity;
  private endTyping: (() => void) | null = null;
  private refetching = false;

  constructor(private readonly options: VisitorOptions) {
    this.env = options.env ?? browserEnv;
    this.local = options.local ?? keyValue(() => localStorage);
    this.token = this.local.get(this.key('token')) || null;
    this.http = new Http({
      base: options.base,
      headers: (): Record<string, string> =>
        this.token ? { authorization: `Bearer ${this.token}` } : {},
      ...(options.fetch ? { fetch: options.fetch } : {}),
    });
    this.outbox = new Outbox<VisitorBody>({
      env: this.env,
      storage: options.session ?? keyValue(() => sessionStorage),
      key: this.key('unsent'),
      send: (clientId, body) => this.send(clientId, body),
      isReady: () => this.token !== null,
      onUnauthorized: () => this.rejected(this.sentWith),
      onUnreachable: () => this.connection.verify(),
    });
    this.backoff = new Backoff(this.env);
    this.outbox.items.subscribe(() => this.show());
    this.connection = new Connection(
      this.connectionHandler(),
      this.env,
      new Fallback(this.env, this.local, this.key('polling')),
    );
  }

  /** Starts or resumes. If there is no visitor yet, creates one and sends the event WELCOME. */
  async start(): Promise<void> {
    if (this.state.value.phase !== 'new' && this.state.value.phase !== 'failed') return;
    this.cancelStart?.();
    this.state.patch({ phase: 'starting' });
    try {
      if (!this.token) await this.enrol();
    } catch (error) {
      this.state.patch({ phase: 'failed' });
      this.cancelStart = this.env.after(this.backoff.next(askedWait(error)), () => {
        void this.start();
      });
      return;
    }
    this.backoff.reset();
    this.state.patch({ phase: 'loading' });
    this.connection.start();
    this.outbox.wake();
  }

  /** `parameters` become session parameters of the bot. */
  sendText(text: string, parameters: Parameters = {}): void {
    const trimmed = text.trim();
    if (trimmed !== '') this.outbox.add({ text: trimmed, ...this.context(parameters) });
  }

  sendEvent(name: string, own: Parameters = {}, label = '', parameters: Parameters = {}): void {
    const event = { name, parameters: own };
    this.outbox.add({ event, ...(label ? { label } : {}), ...this.context(parameters) });
  }

  private context(parameters: Parameters): { parameters?: Parameters; page?: PageView } {
    const page = this.options.page?.();
    const some = Object.keys(parameters).length > 0;
    return { ...(some ? { parameters } : {}), ...(page ? { page } : {}) };
  }

  /** Reports that the visitor is typing. Does nothing while the bot has control. */
  typing(): void {
    if (this.state.value.thread.control === 'bot') return;
    const now = this.env.now();
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.http.post('/v1/conversation/typing').catch(() => undefined);
  }

  /** Sets whether the messages are on screen. */
  setOnScreen(onScreen: boolean): void {
    this.onScreen = onScreen;
    this.countUnread();
  }

  /** The page is visible, online, or back from the browser's cache: catches up at once. */
  wake(): void {
    const { phase } = this.state.value;
    if (phase === 'new') return;
    if (phase === 'failed') void this.start();
    if (phase === 'loading' || phase === 'ready') this.connection.start();
    this.connection.wake();
    this.outbox.wake();
  }

  /** The browser reports that it is offline. */
  offline(): void {
    this.connection.verify();
  }

  /** Closes the connection until `wake`; unsent messages stay. */
  stop(): void {
    this.cancelStart?.();
    this.connection.stop();
  }

  private key(name: string): string {
    return `baton.${this.options.botId}.${name}`;
  }

  /** One visitor for all tabs: a tab that starts while another one enrols waits for it. */
  private enrol(): Promise<void> {
    return (this.options.exclusive ?? amongTabs)(this.key('enrol'), async () => {
      this.token = this.local.get(this.key('token')) || null;
      if (this.token === null) await this.createVisitor();
    });
  }

  private async createVisitor(): Promise<void> {
    const bot = encodeURIComponent(this.options.botId);
    const made = await this.http.post<{ token: string }>(`/v1/bots/${bot}/visitors`, {
      language: typeof navigator === 'undefined' ? 'en' : navigator.language,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    if (typeof made?.token !== 'string' || made.token === '') throw notOurs();
    const other = this.local.get(this.key('token'));
    // Without locks two tabs may start at once. Both use the visitor of the first one.
    this.token = other ?? made.token;
    this.local.set(this.key('token'), this.token);
    if (!other) {
      this.outbox.addFirst({ event: { name: 'WELCOME', parameters: {} }, ...this.context({}) });
    }
  }

  private send(clientId: string, body: VisitorBody): Promise<{ seq: number }> {
    this.sentWith = this.token;
    const sent = this.http.post<{ seq: number }>('/v1/conversation/messages', {
      clientId,
      ...body,
    });
    return sent.then((answer) => {
      if (typeof answer?.seq !== 'number') throw notOurs();
      // The stream must show it soon. If it does not, the socket is dead without being closed.
      this.env.after(SHOWN_WITHIN_MS, () => {
        if (this.log.last < answer.seq) this.connection.reconnect();
      });
      return answer;
    });
  }

  private connectionHandler() {
    let openedWith: string | null = null;
    return {
      openSocket: () => {
        const url = this.options.base.replace(/^http/, 'ws') + '/v1/conversation/stream';
        if (this.options.socket) return this.options.socket(url);
        return new WebSocket(url) as unknown as SocketLike;
      },
      // The last event is asked for again, so that a socket that works speaks at once.
      firstFrames: () => {
        openedWith = this.token;
        const after = Math.max(0, this.log.last - 1);
        return [JSON.stringify({ token: this.token, after })];
      },
      onFrame: (data: unknown) => this.onFrame(data),
      isUpToDate: async () => !(await this.fetchPage(0)),
      poll: async (wait: boolean, signal: AbortSignal) => {
        await this.fetchPage(wait ? POLL_SECONDS : 0, signal);
        this.ready();
      },
      onUnauthorized: () => this.rejected(openedWith),
      onStateChange: (connection: ConnectionState) => this.state.patch({ connection }),
    };
  }

  private ready(): void {
    if (this.state.value.phase === 'loading') this.state.patch({ phase: 'ready' });
  }

  private onFrame(data: unknown): void {
    let event: ConversationEvent | TypingEvent;
    try {
      event = JSON.parse(String(data)) as ConversationEvent | TypingEvent;
    } catch {
      return;
    }
    if (typeof event !== 'object' || event === null) return;
    if (event.type === 'typing') {
      this.showTyping(event);
      return;
    }
    if (typeof event.seq !== 'number') return;
    const outcome = this.log.accept(event);
    if (outcome === 'gap') void this.refetch();
    if (outcome === 'new') this.onNewEvents([event]);
  }

  private async refetch(): Promise<void> {
    if (this.refetching) return;
    this.refetching = true;
    try {
      while (await this.fetchPage(0));
    } catch {
      this.connection.reconnect();
    } finally {
      this.refetching = false;
    }
  }

  /** Reads the events after the last one. Returns whether there were any. `wait` in seconds. */
  private async fetchPage(wait: number, signal?: AbortSignal): Promise<boolean> {
    const { token } = this;
    const after = this.log.last;
    try {
      const page = await this.http.get<Page<ConversationEvent>>(
        `/v1/conversation/events?after=${after}&wait=${wait}`,
        { timeoutMs: (wait + 10) * 1_000, ...(signal ? { signal } : {}) },
      );
      const before = this.log.last;
      if (token !== this.token || !this.log.acceptPage(page.events)) return false;
      this.onNewEvents(this.log.events.filter((event) => event.seq > before));
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) this.rejected(token);
      throw error;
    }
  }

  private onNewEvents(events: readonly ConversationEvent[]): void {
    if (events.some((e) => e.type === 'agent_message' || e.type === 'control')) this.clearTyping();
    const ids = events.map((e) => (e.type === 'visitor_message' ? e.clientId : ''));
    this.outbox.confirm(this.log.last, new Set(ids));
    this.ready();
    this.show();
    this.countUnread();
  }

  private show(): void {
    const thread = threadOf(this.log.events, this.outbox.items.value);
    this.state.patch({ thread });
  }

  private showTyping(event: TypingEvent): void {
    const left = Date.parse(event.until) - this.env.now();
    // The visitor's clock may be wrong by hours. The server never sends more than some seconds.
    const ms = left > 0 && left < 15_000 ? left : 5_000;
    this.endTyping?.();
    this.endTyping = this.env.after(ms, () => this.clearTyping());
    this.state.patch({ typing: { agent: profileOf(event.agent) } });
  }

  private clearTyping(): void {
    this.endTyping?.();
    this.endTyping = null;
    this.state.patch({ typing: null });
  }

  private countUnread(): void {
    const read = placeOf(this.local.get(this.key('read')));
    if (this.onScreen) {
      if (this.log.last > read) this.local.set(this.key('read'), String(this.log.last));
      if (this.state.value.unread !== 0) this.state.patch({ unread: 0 });
      return;
    }
    const theirs = (e: ConversationEvent) => e.type === 'bot_message' || e.type === 'agent_message';
    const unread = this.log.events.filter((e) => e.seq > read && theirs(e)).length;
    if (unread !== this.state.value.unread) this.state.patch({ unread });
  }

  /**
   * The server rejected a token: goes on with the visitor that another tab has created since, or
   * creates a new one. Unsent messages are kept.
   */
  private rejected(token: string | null): void {
    if (token === null || token !== this.token) return;
    this.connection.stop();
    this.token = null;
    if (this.local.get(this.key('token')) === token) {
      this.local.set(this.key('token'), null);
      this.local.set(this.key('read'), null);
    }
    this.log.clear();
    this.clearTyping();
    this.state.patch({ phase: 'new' });
    this.show();
    void this.start();
  }
}
