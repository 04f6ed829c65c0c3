import type { Box, Env } from '@baton/client/env';
import { EventLog } from '@baton/client/log';
import { Outbox } from '@baton/client/outbox';
import type { Api, Chat, ChatEvent, Line } from './api.js';
import { chatThread, type ChatThread, type Reply } from './thread.js';

export interface RoomOptions {
  id: string;
  api: Api;
  env: Env;
  local: Box;
  session: Box;
  changed(): void;
  unauthorized(): void;
  unreachable(): void;
}

/** Where what was written and not yet sent is kept, by chat. */
export const UNSENT = 'baton.desk.unsent.';

const TYPING_EVERY_MS = 4_000;

/** One chat at this desk: its events, its reply box, what is being sent. */
export class Room {
  readonly outbox: Outbox<Reply>;
  transcript: readonly Line[] = [];
  loaded = false;
  visitorTypes = false;
  private readonly log = new EventLog<ChatEvent>();
  private typedAt = -Infinity;
  private endTyping: (() => void) | null = null;
  private loading: Promise<void> | null = null;
  private catchingUp: Promise<void> | null = null;

  constructor(private readonly options: RoomOptions) {
    const { id, api, env, session } = options;
    this.outbox = new Outbox<Reply>({
      env,
      box: session,
      key: `${UNSENT}${id}`,
      deliver: (clientId, { text }) => api.say(id, clientId, text),
      unauthorized: options.unauthorized,
      unreachable: options.unreachable,
    });
    this.outbox.items.subscribe(options.changed);
    this.outbox.wake();
  }

  get last(): number {
    return this.log.last;
  }

  thread(chat: Chat): ChatThread {
    return chatThread(chat, this.transcript, this.log.events, this.outbox.items.value);
  }

  /** Reads the transcript, once. */
  load(): Promise<void> {
    this.loading ??= this.options.api.chat(this.options.id).then(
      ({ transcript }) => {
        this.transcript = transcript;
        this.loaded = true;
        this.options.changed();
      },
      () => {
        this.loading = null;
      },
    );
    return this.loading;
  }

  event(event: ChatEvent): boolean {
    const outcome = this.log.accept(event);
    if (outcome === 'gap') void this.catchUp().catch(() => undefined);
    if (outcome === 'new') this.taken([event]);
    return outcome === 'new';
  }

  /** Reads everything after the log's end. */
  catchUp(): Promise<void> {
    this.catchingUp ??= this.readOn().finally(() => (this.catchingUp = null));
    return this.catchingUp;
  }

  typing(until: string): void {
    const left = Date.parse(until) - this.options.env.now();
    const ms = left > 0 && left < 15_000 ? left : 5_000;
    this.endTyping?.();
    this.endTyping = this.options.env.after(ms, () => this.quiet());
    this.visitorTypes = true;
    this.options.changed();
  }

  /** The agent is writing. */
  tellTyping(): void {
    const now = this.options.env.now();
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.options.api.typing(this.options.id).catch(() => undefined);
  }

  say(text: string): void {
    const trimmed = text.trim();
    if (trimmed !== '') this.outbox.add({ text: trimmed });
    this.typedAt = -Infinity;
  }

  get draft(): string {
    return this.options.local.get(this.key('draft')) ?? '';
  }

  set draft(text: string) {
    this.options.local.set(this.key('draft'), text === '' ? null : text);
  }

  get unread(): number {
    // What came before my own last word was read, on whichever device that was.
    const answered = this.log.events.findLast((e) => e.type === 'agent_message')?.seq ?? 0;
    const read = Math.max(answered, Number(this.options.local.get(this.key('read')) ?? 0));
    return this.log.events.filter((e) => e.type === 'visitor_message' && e.seq > read).length;
  }

  read(): void {
    if (this.unread === 0) return;
    this.options.local.set(this.key('read'), String(this.log.last));
    this.options.changed();
  }

  /** Nobody looks at this room any more; what is unsent waits for its agent in the session. */
  leave(): void {
    this.endTyping?.();
    this.outbox.stop();
  }

  /** The chat is gone for good: leave nothing of it in this browser. */
  forget(): void {
    this.endTyping?.();
    this.outbox.clear();
    for (const name of ['draft', 'read']) this.options.local.set(this.key(name), null);
  }

  private async readOn(): Promise<void> {
    for (;;) {
      const { events } = await this.options.api.events(this.options.id, this.log.last);
      const before = this.log.last;
      if (!this.log.acceptPage(events)) return;
      this.taken(this.log.events.filter((event) => event.seq > before));
    }
  }

  private taken(events: readonly ChatEvent[]): void {
    if (events.some((event) => event.type === 'visitor_message')) this.quiet();
    if (this.loaded && events.some((event) => event.type === 'opened' && event.seq > 1)) {
      this.loading = null;
      void this.load();
    }
    const ids = events.map((e) => (e.type === 'agent_message' ? (e.clientId ?? '') : ''));
    this.outbox.shown(this.log.last, new Set(ids));
    this.options.changed();
  }

  private quiet(): void {
    this.endTyping?.();
    this.endTyping = null;
    if (!this.visitorTypes) return;
    this.visitorTypes = false;
    this.options.changed();
  }

  private key(name: string): string {
    return `baton.desk.${name}.${this.options.id}`;
  }
}
