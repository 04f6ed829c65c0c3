import type { KeyValue, Env } from '@baton/client/env';
import { EventLog } from '@baton/client/log';
import { Outbox } from '@baton/client/outbox';
import type { Api, Chat, ChatEvent, TranscriptLine } from './api.js';
import { chatThread, type ChatThread, type Reply } from './thread.js';

export interface ChatStoreOptions {
  id: string;
  api: Api;
  env: Env;
  local: KeyValue;
  session: KeyValue;
  onChange(): void;
  onUnauthorized(): void;
  onUnreachable(): void;
}

/** Key prefix of the unsent replies. The chat's id follows. */
export const UNSENT_PREFIX = 'baton.desk.unsent.';

const TYPING_EVERY_MS = 4_000;

/** The state of one chat: its transcript, events, draft and unsent replies. */
export class ChatStore {
  readonly outbox: Outbox<Reply>;
  transcript: readonly TranscriptLine[] = [];
  loaded = false;
  visitorIsTyping = false;
  private readonly log = new EventLog<ChatEvent>();
  private typedAt = -Infinity;
  private endTyping: (() => void) | null = null;
  private loading: Promise<void> | null = null;
  private catchingUp: Promise<void> | null = null;

  constructor(private readonly options: ChatStoreOptions) {
    const { id, api, env, session } = options;
    this.outbox = new Outbox<Reply>({
      env,
      storage: session,
      key: `${UNSENT_PREFIX}${id}`,
      send: (clientId, { text }) => api.say(id, clientId, text),
      onUnauthorized: options.onUnauthorized,
      onUnreachable: options.onUnreachable,
    });
    this.outbox.items.subscribe(options.onChange);
    this.outbox.wake();
  }

  get last(): number {
    return this.log.last;
  }

  thread(chat: Chat): ChatThread {
    return chatThread(chat, this.transcript, this.log.events, this.outbox.items.value);
  }

  /** Reads the transcript once. A failed call may be repeated. */
  load(): Promise<void> {
    this.loading ??= this.options.api.chat(this.options.id).then(
      ({ transcript }) => {
        this.transcript = transcript;
        this.loaded = true;
        this.options.onChange();
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
    if (outcome === 'new') this.onNewEvents([event]);
    return outcome === 'new';
  }

  /** Reads all events after the last known one. */
  catchUp(): Promise<void> {
    this.catchingUp ??= this.readRest().finally(() => (this.catchingUp = null));
    return this.catchingUp;
  }

  typing(until: string): void {
    const left = Date.parse(until) - this.options.env.now();
    const ms = left > 0 && left < 15_000 ? left : 5_000;
    this.endTyping?.();
    this.endTyping = this.options.env.after(ms, () => this.clearTyping());
    this.visitorIsTyping = true;
    this.options.onChange();
  }

  /** Reports that the agent is typing. */
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
    // Messages before this agent's last reply count as read, also on another device.
    const answered = this.log.events.findLast((e) => e.type === 'agent_message')?.seq ?? 0;
    const read = Math.max(answered, Number(this.options.local.get(this.key('read')) ?? 0));
    return this.log.events.filter((e) => e.type === 'visitor_message' && e.seq > read).length;
  }

  read(): void {
    if (this.unread === 0) return;
    this.options.local.set(this.key('read'), String(this.log.last));
    this.options.onChange();
  }

  /** Stops sending. Unsent replies stay in the session storage for this agent. */
  dispose(): void {
    this.endTyping?.();
    this.outbox.stop();
  }

  /** The chat is gone: deletes its data from this browser. */
  deleteLocal(): void {
    this.endTyping?.();
    this.outbox.clear();
    for (const name of ['draft', 'read']) this.options.local.set(this.key(name), null);
  }

  private async readRest(): Promise<void> {
    for (;;) {
      const { events } = await this.options.api.events(this.options.id, this.log.last);
      const before = this.log.last;
      if (!this.log.acceptPage(events)) return;
      this.onNewEvents(this.log.events.filter((event) => event.seq > before));
    }
  }

  private onNewEvents(events: readonly ChatEvent[]): void {
    if (events.some((event) => event.type === 'visitor_message')) this.clearTyping();
    if (this.loaded && events.some((event) => event.type === 'opened' && event.seq > 1)) {
      this.loading = null;
      void this.load();
    }
    const ids = events.map((e) => (e.type === 'agent_message' ? (e.clientId ?? '') : ''));
    this.outbox.confirm(this.log.last, new Set(ids));
    this.options.onChange();
  }

  private clearTyping(): void {
    this.endTyping?.();
    this.endTyping = null;
    if (!this.visitorIsTyping) return;
    this.visitorIsTyping = false;
    this.options.onChange();
  }

  private key(name: string): string {
    return `baton.desk.${name}.${this.options.id}`;
  }
}
