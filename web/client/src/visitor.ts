import { box, browserEnv, type Box, type Env } from './env.js';
import { Http, ProblemError } from './http.js';
import { Link, type LinkState, type SocketLike } from './link.js';
import { EventLog } from './log.js';
import { Outbox } from './outbox.js';
import { Store } from './store.js';
import type { Parameters } from './rich.js';
import { faceOf, threadOf, type PageView, type Thread, type VisitorBody } from './thread.js';
import type { ConversationEvent, Face, Page, TypingEvent } from './types.js';

export interface VisitorState {
  /** `new` until the first open; `lost` when not even a visitor could be made. */
  phase: 'new' | 'starting' | 'loading' | 'ready' | 'lost';
  link: LinkState;
  thread: Thread;
  typing: { agent: Face | null } | null;
  /** Messages by bot or human that were not yet on screen. */
  unread: number;
}

export interface VisitorOptions {
  base: string;
  botId: string;
  env?: Env;
  local?: Box;
  session?: Box;
  fetch?: typeof fetch;
  socket?: (url: string) => SocketLike;
  /** Asked once for each message, when it is written. */
  page?: () => PageView;
}

const TYPING_EVERY_MS = 4_000;
const HEARD_BACK_MS = 5_000;
const EMPTY: Thread = { items: [], control: 'bot', agent: null };

/** One visitor's conversation with one bot: the only thing the widget's elements talk to. */
export class Visitor {
  readonly state = new Store<VisitorState>({
    phase: 'new',
    link: 'idle',
    thread: EMPTY,
    typing: null,
    unread: 0,
  });
  readonly outbox: Outbox<VisitorBody>;
  private readonly env: Env;
  private readonly local: Box;
  private readonly http: Http;
  private readonly link: Link;
  private readonly log = new EventLog<ConversationEvent>();
  private token: string | null;
  private onScreen = false;
  private typedAt = -Infinity;
  private endTyping: (() => void) | null = null;
  private refetching = false;

  constructor(private readonly options: VisitorOptions) {
    this.env = options.env ?? browserEnv;
    this.local = options.local ?? box(() => localStorage);
    this.token = this.local.get(this.key('token'));
    this.http = new Http({
      base: options.base,
      headers: (): Record<string, string> =>
        this.token ? { authorization: `Bearer ${this.token}` } : {},
      ...(options.fetch ? { fetch: options.fetch } : {}),
    });
    this.outbox = new Outbox<VisitorBody>({
      env: this.env,
      box: options.session ?? box(() => sessionStorage),
      key: this.key('unsent'),
      deliver: (clientId, body) => this.deliver(clientId, body),
      unauthorized: () => this.forget(),
      unreachable: () => this.link.suspect(),
    });
    this.outbox.items.subscribe(() => this.show());
    this.link = new Link(this.owner(), this.env);
  }

  /** Whether this browser already talked to this bot. */
  get known(): boolean {
    return this.token !== null;
  }

  /** Begins or resumes. Makes a visitor, and says hello in its name, if there is none yet. */
  async start(): Promise<void> {
    if (this.state.value.phase !== 'new' && this.state.value.phase !== 'lost') return;
    this.state.patch({ phase: 'starting' });
    try {
      if (!this.token) await this.enrol();
    } catch {
      this.state.patch({ phase: 'lost' });
      return;
    }
    this.state.patch({ phase: 'loading' });
    this.link.start();
    this.outbox.wake();
  }

  /** `parameters` become parameters of the bot's session. */
  sendText(text: string, parameters: Parameters = {}): void {
    const trimmed = text.trim();
    if (trimmed !== '') this.outbox.add({ text: trimmed, ...this.around(parameters) });
  }

  sendEvent(name: string, own: Parameters = {}, label = '', parameters: Parameters = {}): void {
    const event = { name, parameters: own };
    this.outbox.add({ event, ...(label ? { label } : {}), ...this.around(parameters) });
  }

  private around(parameters: Parameters): { parameters?: Parameters; page?: PageView } {
    const page = this.options.page?.();
    const some = Object.keys(parameters).length > 0;
    return { ...(some ? { parameters } : {}), ...(page ? { page } : {}) };
  }

  /** The visitor is writing; worth telling only while a human listens. */
  typing(): void {
    if (this.state.value.thread.control === 'bot') return;
    const now = this.env.now();
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.http.post('/v1/conversation/typing').catch(() => undefined);
  }

  /** Whether the messages are before the visitor's eyes. */
  look(onScreen: boolean): void {
    this.onScreen = onScreen;
    this.countUnread();
  }

  /** Another tab may have read them. */
  reread(): void {
    this.countUnread();
  }

  wake(): void {
    if (this.state.value.phase === 'lost') void this.start();
    this.link.wake();
    this.outbox.wake();
  }

  /** The browser says that the network went away. */
  offline(): void {
    this.link.suspect();
  }

  stop(): void {
    this.link.stop();
  }

  private key(name: string): string {
    return `baton.${this.options.botId}.${name}`;
  }

  private async enrol(): Promise<void> {
    const bot = encodeURIComponent(this.options.botId);
    const made = await this.http.post<{ token: string }>(`/v1/bots/${bot}/visitors`, {
      language: typeof navigator === 'undefined' ? 'en' : navigator.language,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    const other = this.local.get(this.key('token'));
    // Two tabs opened at once: the first one's visitor stays, so both show one conversation.
    this.token = other ?? made.token;
    this.local.set(this.key('token'), this.token);
    if (!other) this.sendEvent('WELCOME');
  }

  private deliver(clientId: string, body: VisitorBody): Promise<{ seq: number }> {
    const sent = this.http.post<{ seq: number }>('/v1/conversation/messages', {
      clientId,
      ...body,
    });
    return sent.then((answer) => {
      // The stream must show it soon; a socket that does not is dead without knowing it.
      this.env.after(HEARD_BACK_MS, () => {
        if (this.log.last < answer.seq) this.link.reconnect();
      });
      return answer;
    });
  }

  private owner() {
    return {
      connect: () => {
        const url = this.options.base.replace(/^http/, 'ws') + '/v1/conversation/stream';
        if (this.options.socket) return this.options.socket(url);
        return new WebSocket(url) as unknown as SocketLike;
      },
      hello: () => [JSON.stringify({ token: this.token, after: this.log.last })],
      frame: (data: unknown) => this.frame(data),
      probe: async () => !(await this.fetchPage(0)),
      poll: async () => {
        await this.fetchPage(this.state.value.phase === 'ready' ? 25 : 0);
        this.state.patch({ phase: 'ready' });
      },
      refused: () => this.forget(),
      changed: (link: LinkState) => {
        this.state.patch({ link });
        // An empty conversation sends no first frame; being connected is being ready.
        if (link === 'live') this.env.after(800, () => this.ready());
      },
    };
  }

  private ready(): void {
    if (this.state.value.phase === 'loading') this.state.patch({ phase: 'ready' });
  }

  private frame(data: unknown): void {
    let event: ConversationEvent | TypingEvent;
    try {
      event = JSON.parse(String(data)) as ConversationEvent | TypingEvent;
    } catch {
      return;
    }
    if (event.type === 'typing') {
      this.agentTypes(event);
      return;
    }
    if (typeof event.seq !== 'number') return;
    const outcome = this.log.accept(event);
    if (outcome === 'gap') void this.refetch();
    if (outcome === 'new') this.taken([event]);
  }

  private async refetch(): Promise<void> {
    if (this.refetching) return;
    this.refetching = true;
    try {
      while (await this.fetchPage(0));
    } catch {
      this.link.reconnect();
    } finally {
      this.refetching = false;
    }
  }

  /** Reads what comes after the log's end. Returns whether there was anything. */
  private async fetchPage(wait: number): Promise<boolean> {
    const after = this.log.last;
    try {
      const page = await this.http.get<Page<ConversationEvent>>(
        `/v1/conversation/events?after=${after}&wait=${wait}`,
        { timeoutMs: (wait + 10) * 1_000 },
      );
      const before = this.log.last;
      if (!this.log.acceptPage(page.events)) return false;
      this.taken(this.log.events.filter((event) => event.seq > before));
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) this.forget();
      throw error;
    }
  }

  private taken(events: readonly ConversationEvent[]): void {
    if (events.some((e) => e.type === 'agent_message' || e.type === 'control')) this.quiet();
    const ids = events.map((e) => (e.type === 'visitor_message' ? e.clientId : ''));
    this.outbox.shown(this.log.last, new Set(ids));
    this.ready();
    this.show();
    this.countUnread();
  }

  private show(): void {
    const thread = threadOf(this.log.events, this.outbox.items.value);
    this.state.patch({ thread });
  }

  private agentTypes(event: TypingEvent): void {
    const left = Date.parse(event.until) - this.env.now();
    // A visitor's clock may be off by hours; the server never announces more than some seconds.
    const ms = left > 0 && left < 15_000 ? left : 5_000;
    this.endTyping?.();
    this.endTyping = this.env.after(ms, () => this.quiet());
    this.state.patch({ typing: { agent: faceOf(event.agent) } });
  }

  private quiet(): void {
    this.endTyping?.();
    this.endTyping = null;
    this.state.patch({ typing: null });
  }

  private countUnread(): void {
    const read = Number(this.local.get(this.key('read')) ?? 0);
    if (this.onScreen) {
      if (this.log.last > read) this.local.set(this.key('read'), String(this.log.last));
      if (this.state.value.unread !== 0) this.state.patch({ unread: 0 });
      return;
    }
    const theirs = (e: ConversationEvent) => e.type === 'bot_message' || e.type === 'agent_message';
    const unread = this.log.events.filter((e) => e.seq > read && theirs(e)).length;
    if (unread !== this.state.value.unread) this.state.patch({ unread });
  }

  /** The server knows this visitor no more: begin anew, keep what was not yet sent. */
  private forget(): void {
    if (this.token === null) return;
    this.link.stop();
    this.token = null;
    this.local.set(this.key('token'), null);
    this.local.set(this.key('read'), null);
    this.log.clear();
    this.quiet();
    this.state.patch({ phase: 'new' });
    this.show();
    void this.start();
  }
}
