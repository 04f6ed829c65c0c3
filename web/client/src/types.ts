import type { Element } from './rich.js';

/** The types of the visitor API (`docs/api.md`). Readers ignore unknown fields and values. */

export interface Profile {
  name: string;
  avatarUrl: string | null;
}

/** How a text is shown. A text without a format is Markdown. */
export type TextFormat = 'markdown' | 'plain';

export type Control = 'bot' | 'requested' | 'human';

interface Numbered {
  /** Position in the conversation, from 1, without gaps. */
  seq: number;
  /** RFC 3339, UTC, milliseconds. */
  at: string;
}

export interface VisitorMessage extends Numbered {
  type: 'visitor_message';
  text: string;
  clientId: string;
  /** Name of an event the page sent, such as WELCOME. */
  event?: string;
}

export interface BotMessage extends Numbered {
  type: 'bot_message';
  text: string;
  /** The elements to draw. `text` is the same message as plain text. */
  content?: Element[];
}

export interface AgentMessage extends Numbered {
  type: 'agent_message';
  text: string;
  format?: TextFormat;
  agent: Profile | null;
}

export interface NoticeEvent extends Numbered {
  type: 'notice';
  text: string;
  kind: string;
}

export interface ControlEvent extends Numbered {
  type: 'control';
  control: Control;
  pausedUntil: string | null;
  reason: string;
  agent: Profile | null;
}

export type ConversationEvent =
  VisitorMessage | BotMessage | AgentMessage | NoticeEvent | ControlEvent;

/** An ephemeral event: not stored, no `seq`. Ends at `until` or with the next agent message. */
export interface TypingEvent {
  type: 'typing';
  agent: Profile | null;
  until: string;
}

export interface Page<E> {
  events: E[];
  next: number;
}

export interface Problem {
  id: string;
  status: number;
  title?: string;
  detail?: string;
  field?: string;
  requestId?: string;
  [more: string]: unknown;
}
