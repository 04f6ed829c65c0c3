import { box, browserEnv, type Box, type Env } from '@baton/client/env';
import { ProblemError } from '@baton/client/http';
import { Link, type LinkState, type SocketLike } from '@baton/client/link';
import { Store } from '@baton/client/store';
import { api as realApi, type Agent, type Api, type Chat, type ChatEvent } from './api.js';
import { Room, UNSENT } from './room.js';

export interface DeskState {
  phase: 'starting' | 'signed-out' | 'unreachable' | 'ready';
  agent: Agent | null;
  available: boolean;
  link: LinkState;
  /** Whether the chats were read at least once. */
  listed: boolean;
  chats: readonly Chat[];
  selected: string | null;
  /** A line for the agent: what could not be done, and why. */
  toast: string | null;
  /** Counts changes inside rooms, so that one subscription sees them all. */
  version: number;
}

export interface DeskOptions {
  api?: Api;
  env?: Env;
  local?: Box;
  session?: Box;
  socket?: () => SocketLike;
  /** A visitor waits, or wrote to this agent. */
  alert?: (chat: Chat, kind: 'queued' | 'message') => void;
}

/** Whose unsent replies this tab keeps. */
const OWNER = 'baton.desk.agent';
const TOAST_MS = 6_000;
const POLL_MS = 2_000;

/** Everything the desk knows. Elements read `state` and call the methods; they hold nothing. */
export class Desk {
  readonly state = new Store<DeskState>({
    phase: 'starting',
    agent: null,
    available: false,
    link: 'idle',
    listed: false,
    chats: [],
    selected: null,
    toast: null,
    version: 0,
  });
  readonly rooms = new Map<string, Room>();
  readonly env: Env;
  private readonly api: Api;
  private readonly link: Link;
  private readonly local: Box;
  private readonly session: Box;
  private endToast: (() => void) | null = null;

  constructor(private readonly options: DeskOptions = {}) {
    this.api = options.api ?? realApi;
    this.env = options.env ?? browserEnv;
    this.local = options.local ?? box(() => localStorage);
    this.session = options.session ?? box(() => sessionStorage);
    this.link = new Link(this.owner(), this.env);
  }

  async start(): Promise<void> {
    try {
      this.begin(await this.api.session());
    } catch (error) {
      const out = error instanceof ProblemError && error.status === 401;
      this.state.patch({ phase: out ? 'signed-out' : 'unreachable' });
      if (!out) this.env.after(3_000, () => void this.start());
    }
  }

  /** Returns what went wrong, or null. */
  async signIn(email: string, password: string): Promise<string | null> {
    try {
      this.begin(await this.api.signIn(email, password));
      return null;
    } catch (error) {
      if (!(error instanceof ProblemError)) return 'The server cannot be reached. Try again.';
      if (error.status === 401) return 'The e-mail address or the password is wrong.';
      return error.message;
    }
  }

  async signOut(): Promise<void> {
    await this.try(() => this.api.signOut());
    this.signedOut();
    this.session.forget(UNSENT);
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
    void this.room(id).load();
    this.watch(id);
  }

  /** A chat that was only looked at is not kept in memory or watched. */
  private leave(id: string): void {
    const chat = this.state.value.chats.find((one) => one.id === id);
    const room = this.rooms.get(id);
    if (!room || (chat && this.mine(chat)) || room.outbox.items.value.length > 0) return;
    this.rooms.delete(id);
    this.link.send(JSON.stringify({ unwatch: id }));
  }

  room(id: string): Room {
    const known = this.rooms.get(id);
    if (known) return known;
    const room = new Room({
      id,
      api: this.api,
      env: this.env,
      local: this.local,
      session: this.session,
      changed: () => this.bump(),
      unauthorized: () => this.signedOut(),
      unreachable: () => this.link.suspect(),
    });
    this.rooms.set(id, room);
    return room;
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
    this.link.suspect();
  }

  wake(): void {
    this.link.wake();
    for (const room of this.rooms.values()) room.outbox.wake();
  }

  private begin({ agent, available }: { agent: Agent; available: boolean }): void {
    // A session that merely ended loses no words, but another agent must not send them.
    if (this.session.get(OWNER) !== agent.email) this.session.forget(UNSENT);
    this.session.set(OWNER, agent.email);
    this.state.patch({ phase: 'ready', agent, available });
    this.link.start();
    const { selected } = this.state.value;
    if (selected) this.select(selected);
  }

  private signedOut(): void {
    this.link.stop();
    for (const room of this.rooms.values()) room.leave();
    this.rooms.clear();
    this.state.patch({ phase: 'signed-out', agent: null, chats: [], listed: false });
  }

  private owner() {
    return {
      connect: () => {
        if (this.options.socket) return this.options.socket();
        const url = `${location.origin.replace(/^http/, 'ws')}/desk/api/stream`;
        return new WebSocket(url) as unknown as SocketLike;
      },
      hello: () => [...this.watched()].map(([id, room]) => watchFrame(id, room.last)),
      frame: (data: unknown) => this.frame(String(data)),
      probe: async () => {
        const behind = await this.refresh();
        await Promise.all(behind.map((room) => room.catchUp()));
        return behind.length === 0;
      },
      poll: async () => {
        await this.refresh();
        await Promise.all([...this.watched()].map(([, room]) => room.catchUp()));
        await new Promise<void>((resolve) => void this.env.after(POLL_MS, resolve));
      },
      refused: () => this.signedOut(),
      changed: (link: LinkState) => this.state.patch({ link }),
    };
  }

  private frame(data: string): void {
    const frame = JSON.parse(data) as
      | { type: 'chats'; chats: Chat[] }
      | { type: 'event'; chat: string; event: ChatEvent }
      | { type: 'typing'; chat: string; until: string };
    if (frame.type === 'chats') this.list(frame.chats);
    else if (frame.type === 'event') this.event(frame.chat, frame.event);
    else if (frame.type === 'typing') this.rooms.get(frame.chat)?.typing(frame.until);
  }

  private event(id: string, event: ChatEvent): void {
    const fresh = this.room(id).event(event);
    const chat = this.state.value.chats.find((one) => one.id === id);
    const recent = this.env.now() - Date.parse(event.at) < 20_000;
    if (fresh && recent && chat && this.mine(chat) && event.type === 'visitor_message') {
      this.options.alert?.(chat, 'message');
    }
  }

  /** Reads the list; returns the watched rooms that know less than it. */
  private async refresh(): Promise<Room[]> {
    try {
      const { chats } = await this.api.chats();
      this.list(chats);
      const seqs = new Map(chats.map((chat) => [chat.id, chat.seq]));
      return [...this.watched()].flatMap(([id, room]) =>
        (seqs.get(id) ?? 0) > room.last ? [room] : [],
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
      if (arrived) this.options.alert?.(chat, 'queued');
      if (this.mine(chat) && !this.rooms.has(chat.id)) {
        void this.room(chat.id).load();
        this.watch(chat.id);
      }
    }
    const there = new Set(chats.map((chat) => chat.id));
    for (const [id, room] of this.rooms) {
      if (there.has(id) || id === this.state.value.selected) continue;
      // A chat that vanished while open may come back; its draft waits for it.
      const last = before.chats.find((chat) => chat.id === id);
      if (last?.status === 'closed') room.forget();
      room.leave();
      this.rooms.delete(id);
      this.link.send(JSON.stringify({ unwatch: id }));
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

  private watched(): Map<string, Room> {
    return this.rooms;
  }

  private watch(id: string): void {
    this.link.send(watchFrame(id, this.room(id).last));
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
      const offline = 'There is no connection right now. Try again in a moment.';
      this.toast(error instanceof ProblemError ? error.message : offline);
      return false;
    }
  }
}

function watchFrame(id: string, after: number): string {
  return JSON.stringify({ watch: id, after });
}

function claimFailure(error: unknown): string {
  if (!(error instanceof ProblemError)) return 'There is no connection right now. Try again.';
  const agent = error.problem.agent as { name?: unknown } | undefined;
  if (error.problem.id === 'taken') {
    return typeof agent?.name === 'string'
      ? `${agent.name} was faster and has this chat.`
      : 'A colleague was faster and has this chat.';
  }
  return error.problem.id === 'closed' ? 'This chat was closed in the meantime.' : error.message;
}
