import { profileOf } from '@baton/client/thread';
import type { Pending } from '@baton/client/outbox';
import { formatOf } from '@baton/client/text';
import type { Profile, TextFormat } from '@baton/client/types';
import type { Chat, ChatEvent, TranscriptLine } from './api.js';
import { endingOf } from './ending.js';

export type DeliveryState = 'sending' | 'failed' | 'sent' | 'delivered' | 'refused';

export interface Message {
  kind: 'message';
  key: string;
  at: number;
  from: 'visitor' | 'bot' | 'agent';
  text: string;
  format: TextFormat;
  profile: Profile | null;
  delivery: DeliveryState | null;
  detail?: string;
  clientId?: string;
}

export interface Status {
  kind: 'status';
  key: string;
  at: number;
  text: string;
}

export type Row = Message | Status;

export interface Reply {
  text: string;
}

export interface ChatThread {
  /** The messages before the handover. */
  before: Message[];
  rows: Row[];
  /** Time of the oldest unanswered message, in milliseconds since 1970, or null. */
  unansweredSince: number | null;
}

/** Builds what an agent sees: the transcript, the events since, and the unsent replies. */
export function chatThread(
  chat: Chat,
  transcript: readonly TranscriptLine[],
  events: readonly ChatEvent[],
  pending: readonly Pending<Reply>[],
): ChatThread {
  const refused = refusals(events);
  const rows = events.flatMap((event) => rowOf(event, chat, refused));
  const known = new Set(events.map((e) => (e.type === 'agent_message' ? e.clientId : undefined)));
  for (const item of pending) {
    if (!known.has(item.clientId)) rows.push(pendingRow(item, chat.agent));
  }
  const before = (transcript.length > 0 ? transcript : askedWith(events)).map(lineRow);
  return { before, rows, unansweredSince: unanswered(rows) };
}

/** Replaces a missing transcript: the message that caused the handover. */
function askedWith(events: readonly ChatEvent[]): TranscriptLine[] {
  return events.flatMap((e) =>
    e.type === 'opened' && e.text ? [{ from: 'visitor', text: e.text, at: e.at }] : [],
  );
}

function lineRow(line: TranscriptLine, at: number): Message {
  return {
    kind: 'message',
    key: `t${at}`,
    at: line.at ? Date.parse(line.at) || 0 : 0,
    from: line.from,
    text: line.text,
    format: line.from === 'visitor' ? 'plain' : formatOf(line.format),
    profile: null,
    delivery: null,
  };
}

/** What the bot answered while the platform could not reach the desk. */
function missedRows(lines: readonly TranscriptLine[], event: { key: string; at: number }): Row[] {
  if (lines.length === 0) return [];
  const status = (key: string, text: string): Status => ({ kind: 'status', ...event, key, text });
  return [
    status(`${event.key}m`, 'The desk could not be reached: the bot answered'),
    ...lines.map((line, n) => ({ ...lineRow(line, n), key: `${event.key}m${n}` })),
    status(`${event.key}now`, 'The desk can be reached again'),
  ];
}

/** Agent messages that the platform rejected for good: `seq` and reason. */
function refusals(events: readonly ChatEvent[]): Map<number, string> {
  return new Map(events.flatMap((e) => (e.type === 'refused' ? [[e.message, e.detail]] : [])));
}

function rowOf(event: ChatEvent, chat: Chat, refused: Map<number, string>): Row[] {
  const common = { key: `s${event.seq}`, at: Date.parse(event.at) || 0 };
  const status = (text: string): Row[] => [{ kind: 'status', ...common, text }];
  switch (event.type) {
    case 'visitor_message':
      return [
        ...missedRows(event.missed ?? [], common),
        {
          kind: 'message',
          ...common,
          from: 'visitor',
          text: event.text,
          format: 'plain',
          profile: null,
          delivery: null,
        },
      ];
    case 'agent_message': {
      const detail = refused.get(event.seq);
      const row: Message = {
        kind: 'message',
        ...common,
        key: event.clientId ? `c${event.clientId}` : common.key,
        from: 'agent',
        text: event.text,
        format: formatOf(event.format),
        profile: profileOf(event.agent),
        delivery:
          detail === undefined
            ? event.seq <= chat.pushedThrough
              ? 'delivered'
              : 'sent'
            : 'refused',
      };
      return [detail === undefined ? row : { ...row, detail }];
    }
    case 'claimed':
      return status(`${profileOf(event.agent)?.name ?? 'An agent'} took the chat`);
    case 'closed':
      return status(endingOf(event.reason, profileOf(event.agent)?.name).text);
    case 'opened':
      // A visitor may ask again before the last pushes are out: then the chat goes on.
      return event.seq > 1 ? status('Handed over again') : [];
    default:
      return [];
  }
}

function pendingRow(item: Pending<Reply>, agent: Profile | null): Message {
  const row: Message = {
    kind: 'message',
    key: `c${item.clientId}`,
    at: item.at,
    from: 'agent',
    text: item.body.text,
    format: 'plain',
    profile: agent,
    delivery: item.state,
    clientId: item.clientId,
  };
  return item.refusal ? { ...row, detail: item.refusal } : row;
}

function unanswered(rows: readonly Row[]): number | null {
  let since: number | null = null;
  for (const row of rows) {
    if (row.kind !== 'message') continue;
    if (row.from === 'agent') since = null;
    else if (row.from === 'visitor') since ??= row.at;
  }
  return since;
}
