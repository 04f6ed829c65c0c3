import type { Element } from './rich.js';

/** Shapes of the visitor API as the server sends them. Readers tolerate what they do not know. */

export interface Face {
  name: string;
  avatarUrl: string | null;
}

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
  /** All that is to be drawn; `text` says it in words. */
  content?: Element[];
}

export interface AgentMessage extends Numbered {
  type: 'agent_message';
  text: string;
  agent: Face | null;
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
  agent: Face | null;
}

export type ConversationEvent =
  VisitorMessage | BotMessage | AgentMessage | NoticeEvent | ControlEvent;

/** Not stored and not numbered; it ends at `until` or with the next agent message. */
export interface TypingEvent {
  type: 'typing';
  agent: Face | null;
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
