import type { Pending, SendState } from './outbox.js';
import { contentOf, type Element, type Parameters } from './rich.js';
import { formatOf } from './text.js';
import type { Control, ConversationEvent, Profile, TextFormat } from './types.js';

/** The page the visitor is on while writing. */
export interface PageView {
  url: string;
  ref?: string;
  snippet?: string;
  mobile?: boolean;
}

/** What the visitor sends: a text, or an event with an optional visible label. */
export type VisitorBody = { parameters?: Parameters; page?: PageView } & (
  { text: string } | { event: { name: string; parameters: Parameters }; label?: string }
);

export type Author = 'visitor' | 'bot' | 'agent';

export interface MessageItem {
  kind: 'message';
  key: string;
  seq: number;
  at: number;
  from: Author;
  text: string;
  format: TextFormat;
  profile: Profile | null;
  /** The elements of a bot's message; empty for other authors. */
  content: Element[];
  /** The visitor has written since, so its buttons no longer work. */
  answered: boolean;
  /** The visitor's next message. It shows which button was chosen. */
  answer: string;
  /** A later message has suggestions, so the suggestions of this one are hidden. */
  superseded: boolean;
  state: SendState | 'shown';
  clientId?: string;
  refusal?: string;
}

export interface NoticeItem {
  kind: 'notice';
  key: string;
  seq: number;
  at: number;
  text: string;
}

export type Item = MessageItem | NoticeItem;

export interface Thread {
  items: Item[];
  control: Control;
  /** The human agent in control, if known. */
  agent: Profile | null;
}

/** Builds the shown items from the events. Unknown types of events are ignored. */
export function threadOf(
  events: readonly ConversationEvent[],
  pending: readonly Pending<VisitorBody>[],
): Thread {
  const items: Item[] = [];
  let control: Control = 'bot';
  let agent: Profile | null = null;
  for (const event of events) {
    if (event.type === 'control') {
      control = event.control;
      agent = event.control === 'bot' ? null : (profileOf(event.agent) ?? agent);
      continue;
    }
    const item = itemOf(event);
    if (!item) continue;
    if (event.type === 'agent_message' && control !== 'bot')
      agent = profileOf(event.agent) ?? agent;
    items.push(item);
  }
  const last = events[events.length - 1]?.seq ?? 0;
  const shown = new Set(events.map((e) => (e.type === 'visitor_message' ? e.clientId : '')));
  for (const waiting of pending) {
    if (!shown.has(waiting.clientId)) items.push(...pendingItem(waiting, last));
  }
  markAnswered(items);
  return { items, control, agent };
}

function itemOf(event: ConversationEvent): Item | null {
  const text = typeof event === 'object' && 'text' in event ? String(event.text ?? '') : '';
  const common = { key: `s${event.seq}`, seq: event.seq, at: Date.parse(event.at) || 0, text };
  const fresh = { answered: false, answer: '', superseded: false };
  const said = { ...common, ...fresh, kind: 'message', state: 'shown' } as const;
  switch (event.type) {
    case 'visitor_message':
      if (text === '') return null;
      return {
        ...said,
        key: `c${event.clientId}`,
        from: 'visitor',
        format: 'plain',
        profile: null,
        content: [],
      };
    case 'bot_message': {
      const content = contentOf(event.content, text);
      if (content.length === 0) return null;
      return { ...said, from: 'bot', format: 'markdown', profile: null, content };
    }
    case 'agent_message':
      return {
        ...said,
        from: 'agent',
        format: formatOf(event.format),
        profile: profileOf(event.agent),
        content: [],
      };
    case 'notice':
      return text === '' ? null : { ...common, kind: 'notice' };
    default:
      return null;
  }
}

function pendingItem(waiting: Pending<VisitorBody>, last: number): Item[] {
  const text = 'text' in waiting.body ? waiting.body.text : (waiting.body.label ?? '');
  if (text === '') return [];
  const item: MessageItem = {
    kind: 'message',
    key: `c${waiting.clientId}`,
    seq: last + 1,
    at: waiting.at,
    from: 'visitor',
    text,
    format: 'plain',
    profile: null,
    content: [],
    answered: false,
    answer: '',
    superseded: false,
    state: waiting.state,
    clientId: waiting.clientId,
  };
  if (waiting.refusal) item.refusal = waiting.refusal;
  return [item];
}

function markAnswered(items: Item[]): void {
  let answer: string | null = null;
  let offered = false;
  for (let i = items.length - 1; i >= 0; i -= 1) {
    const item = items[i];
    if (item?.kind !== 'message') continue;
    if (item.from === 'visitor') answer = item.text;
    else if (answer !== null) {
      item.answered = true;
      item.answer = answer;
    }
    item.superseded = offered;
    offered ||= item.content.some((element) => element.type === 'suggestions');
  }
}

/** Reads a profile from untrusted data. Returns null if it has no name. */
export function profileOf(value: unknown): Profile | null {
  if (typeof value !== 'object' || value === null) return null;
  const { name, avatarUrl } = value as Partial<Profile>;
  if (typeof name !== 'string' || name.trim() === '') return null;
  return { name, avatarUrl: typeof avatarUrl === 'string' ? avatarUrl : null };
}
