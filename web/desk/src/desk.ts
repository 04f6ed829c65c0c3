import { keyValue, browserEnv, type KeyValue, type Env } from '@baton/client/env';
import { Backoff } from '@baton/client/backoff';
import { ProblemError, askedWait } from '@baton/client/http';
import { Connection, type ConnectionState, type SocketLike } from '@baton/client/connection';
import { Fallback } from '@baton/client/fallback';
import { Store } from '@baton/client/store';
import { api as realApi, deskApi, type Agent, type Api, type Chat, type ChatEvent } from './api.js';
import { ChatStore, UNSENT_PREFIX } from './chat-store.js';

export interface DeskState {
  phase: 'starting' | 'signed-out' | 'unreachable' | 'ready';
  agent: Agent | null;
  available: boolean;
  connection: ConnectionState;
  /** Whether the list of chats was read at least once. */
  listed: boolean;
  chats: readonly Chat[];
  selected: string | null;
  /** A short message for the agent: what failed, and why. */
  toast: string | null;
  /** Increases with each change inside a chat store, so that one subscription sees them all. */
  version: number;
}

/** What an agent may be alerted of. All tabs of the desk give it the same id. */
export interface News {
  kind: 'queued' | 'message';
  id: string;
}

export interface DeskOptions {
  api?: Api;
  env?: Env;
  local?: KeyValue;
  session?: KeyValue;
  socket?: () => SocketLike;
  /** Called when a visitor starts to wait, or writes to this agent. */
  alert?: (chat: Chat, news: News) => void;
}

/** Key of the agent whose unsent replies this tab keeps. */
const OWNER_KEY = 'baton.desk.agent';
const TOAST_MS = 6_000;
const POLL_MS = 2_000;

/** All state of the desk. Elements read `state` and call the methods; they keep no state. */
export class Desk {
  readonly state = new Store<DeskState>({
    phase: 'starting',
    agent: null,
    available: false,
    connection: 'idle',
    listed: false,
    chats: [],
    selected: null,
    toast: null,
    version: 0,
  });
  readonly chatStores = new Map<string, ChatStore>();
  readonly env: Env;
  private readonly api: Api;
  private readonly connection: Connection;
  private readonly local: KeyValue;
  private readonly session: KeyValue;
  private endToast: (() => void) | null = null;
  private readonly backoff: Backoff;

  constructor(private readonly options: DeskOptions = {}) {
    this.api = options.api ?? realApi;
    this.env = options.env ?? browserEnv;
    this.backoff = new Backoff(this.env);
    this.local = options.local ?? keyValue(() => localStorage);
    this.session = options.session ?? keyValue(() => sessionStorage);
    this.connection = new Connection(
      this.connectionHandler(),
      this.env,
      new Fallback(this.env, this.local, 'baton.desk.polling'),
    );
  }

  async start(): Promise<void> {
    try {
      this.begin(await this.api.session());
    } catch (error) {
      const out = error instanceof ProblemError && error.status === 401;
      this.state.patch({ phase: out ? 'signed-out' : 'unreachable' });
      if (!out) this.env.after(this.backoff.next(askedWait(error)), () => void this.start());
    }
  }

  /** Returns an error text, or null. */
  async signIn(email: string, password: string): Promise<string | null> {
    try {
      this.begin(await this.api.signIn(email, password));
      return null;
    } catch (error) {
      if (!(error instanceof ProblemError))
        return 'The server cannot be reached. Please try again.';
      if (error.status === 401) return 'The e-mail address or the password is wrong.';
      return error.message;
    }
  }

  async signOut(): Promise<void> {
    await this.try(() => this.api.signOut());
    this.signedOut();
    this.session.removeByPrefix(UNSENT_PREFIX);
  }

  async setAvailable(available: boolean): Promise<void> {
    const before = this.state.value.available;
    this.state.patch({ available });
    if (!(await this.try(() => this.api.setAvailable(available)))) {
      this.state.patch({ available: before });
    }
  }

  select(id: string | null): void {
    const before = this.state.value.selected;
    this.state.patch({ selected: id });
    if (before !== null && before !== id) this.leave(before);
    if (id === null || this.state.value.phase !== 'ready') return;
    void this.chatStore(id).load();
    this.watch(id);
  }

  /** Stops watching a chat that was only viewed: not this agent's, with nothing unsent. */
  private leave(id: string): void {
    const chat = this.state.value.chats.find((one) => one.id === id);
    const store = this.chatStores.get(id);
    if (!store || (chat && this.mine(chat)) || store.outbox.items.value.length > 0) return;
    this.chatStores.delete(id);
    this.connection.send(JSON.stringify({ unwatch: id }));
  }

  chatStore(id: string): ChatStore {
    const known = this.chatStores.get(id);
    if (known) return known;
    const store = new ChatStore({
      id,
      api: this.api,
      env: this.env,
      local: this.local,
      session: this.session,
      onChange: () => this.bump(),
      onUnauthorized: () => this.signedOut(),
      onUnreachable: () => this.connection.verify(),
    });
    this.chatStores.set(id, store);
    return store;
  }

  async claim(id: string): Promise<boolean> {
    try {
      this.replace(await this.api.claim(id));
      return true;
    } catch (error) {
      this.toast(claimFailure(error));
      void this.refresh().catch(() => undefined);
      return false;
    }
  }

  async close(id: string): Promise<void> {
    if (await this.try(() => this.api.close(id))) void this.refresh().catch(() => undefined);
  }

  toast(text: string): void {
    this.endToast?.();
    this.state.patch({ toast: text });
    this.endToast = this.env.after(TOAST_MS, () => this.state.patch({ toast: null }));
  }

  offline(): void {
    this.connection.verify();
  }

  /** The page leaves the screen for the browser's cache: `wake` continues. */
  leavePage(): void {
    this.connection.stop();
  }

  wake(): void {
    if (this.state.value.phase === 'ready') this.connection.start();
    this.connection.wake();
    for (const store of this.chatStores.values()) store.outbox.wake();
  }

  private begin({ agent, available }: { agent: Agent; available: boolean }): void {
    // After an expired session the unsent replies stay, but another agent must not send them.
    if (this.session.get(OWNER_KEY) !== agent.email) this.session.removeByPrefix(UNSENT_PREFIX);
    this.session.set(OWNER_KEY, agent.email);
    this.backoff.reset();
    this.state.patch({ phase: 'ready', agent, available });
    this.connection.start();
    const { selected } = this.state.value;
    if (selected) this.select(selected);
  }

  private signedOut(): void {
    this.connection.stop();
    for (const store of this.chatStores.values()) store.dispose();
    this.chatStores.clear();
    this.state.patch({ phase: 'signed-out', agent: null, chats: [], listed: false });
  }

  private connectionHandler() {
    return {
      openSocket: () => {
        if (this.options.socket) return this.options.socket();
        const url = `${deskApi().replace(/^http/, 'ws')}/stream`;
        return new WebSocket(url) as unknown as SocketLike;
      },
      firstFrames: () => [...this.watched()].map(([id, store]) => watchFrame(id, store.last)),
      onFrame: (data: unknown) => this.onFrame(String(data)),
      isUpToDate: async () => {
        const behind = await this.refresh();
        await Promise.all(behind.map((store) => store.catchUp()));
        return behind.length === 0;
      },
      poll: async (wait: boolean) => {
        if (wait) await new Promise<void>((resolve) => void this.env.after(POLL_MS, resolve));
        await this.refresh();
        await Promise.all([...this.watched()].map(([, store]) => store.catchUp()));
      },
      onUnauthorized: () => this.signedOut(),
      onStateChange: (connection: ConnectionState) => this.state.patch({ connection }),
    };
  }

  private onFrame(data: string): void {
    const frame = JSON.parse(data) as
      | { type: 'chats'; chats: Chat[] }
      | { type: 'event'; chat: string; event: ChatEvent }
      | { type: 'typing'; chat: string; until: string };
    if (frame.type === 'chats') this.list(frame.chats);
    else if (frame.type === 'event') this.event(frame.chat, frame.event);
    else if (frame.type === 'typing') this.chatStores.get(frame.chat)?.typing(frame.until);
  }

  private event(id: string, event: ChatEvent): void {
    const fresh = this.chatStore(id).event(event);
    const chat = this.state.value.chats.find((one) => one.id === id);
    const recent = this.env.now() - Date.parse(event.at) < 20_000;
    if (fresh && recent && chat && this.mine(chat) && event.type === 'visitor_message') {
      this.options.alert?.(chat, { kind: 'message', id: `message ${id} ${event.seq}` });
    }
  }

  /** Reads the list. Returns the chat stores that lack events according to it. */
  private async refresh(): Promise<ChatStore[]> {
    try {
      const { chats } = await this.api.chats();
      this.list(chats);
      const seqs = new Map(chats.map((chat) => [chat.id, chat.seq]));
      return [...this.watched()].flatMap(([id, store]) =>
        (seqs.get(id) ?? 0) > store.last ? [store] : [],
      );
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) this.signedOut();
      throw error;
    }
  }

  private list(chats: readonly Chat[]): void {
    const before = this.state.value;
    const known = new Set(before.chats.map((chat) => chat.id));
    this.state.patch({ chats, listed: true });
    for (const chat of chats) {
      const arrived = before.listed && !known.has(chat.id) && chat.status === 'queued';
      if (arrived) {
        const news = `queued ${chat.id} ${chat.waitingSince}`;
        this.options.alert?.(chat, { kind: 'queued', id: news });
      }
      if (this.mine(chat) && !this.chatStores.has(chat.id)) {
        void this.chatStore(chat.id).load();
        this.watch(chat.id);
      }
    }
    const there = new Set(chats.map((chat) => chat.id));
    for (const [id, store] of this.chatStores) {
      if (there.has(id) || id === this.state.value.selected) continue;
      // A chat that left the list while open may come back, so its draft stays.
      const last = before.chats.find((chat) => chat.id === id);
      if (last?.status === 'closed') store.deleteLocal();
      store.dispose();
      this.chatStores.delete(id);
      this.connection.send(JSON.stringify({ unwatch: id }));
    }
  }

  private replace(chat: Chat): void {
    const chats = this.state.value.chats.map((one) => (one.id === chat.id ? chat : one));
    this.state.patch({ chats });
    this.watch(chat.id);
  }

  private mine(chat: Chat): boolean {
    return chat.status === 'live' && chat.agent?.email === this.state.value.agent?.email;
  }

  private watched(): Map<string, ChatStore> {
    return this.chatStores;
  }

  private watch(id: string): void {
    this.connection.send(watchFrame(id, this.chatStore(id).last));
  }

  private bump(): void {
    this.state.patch({ version: this.state.value.version + 1 });
  }

  private async try(run: () => Promise<unknown>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) this.signedOut();
      const offline = 'There is no connection right now. Please try again in a moment.';
      this.toast(error instanceof ProblemError ? error.message : offline);
      return false;
    }
  }
}

function watchFrame(id: string, after: number): string {
  return JSON.stringify({ watch: id, after });
}

function claimFailure(error: unknown): string {
  if (!(error instanceof ProblemError))
    return 'There is no connection right now. Please try again.';
  const agent = error.problem.agent as { name?: unknown } | undefined;
  if (error.problem.id === 'taken') {
    return typeof agent?.name === 'string'
      ? `${agent.name} has already taken this chat.`
      : 'A colleague has already taken this chat.';
  }
  return error.problem.id === 'closed' ? 'This chat is already closed.' : error.message;
}
