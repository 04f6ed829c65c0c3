import { spanOf } from '@baton/ui/times';
import type { Chat } from './api.js';
import type { Desk } from './desk.js';

export interface Group {
  id: 'waiting' | 'mine' | 'others' | 'closed';
  title: string;
  chats: Chat[];
}

export type Urgency = 'calm' | 'warning' | 'critical';

export interface Waiting {
  urgency: Urgency;
  span: string;
}

export const WARNING_MS = 30_000;
export const CRITICAL_MS = 60_000;

/** The chats in groups, in the order of the list. */
export function groupsOf(chats: readonly Chat[], email: string | undefined): Group[] {
  const mine = (chat: Chat) => chat.agent?.email === email;
  const live = chats.filter((chat) => chat.status === 'live');
  const groups: Group[] = [
    { id: 'mine', title: 'Your chats', chats: live.filter(mine) },
    { id: 'waiting', title: 'Waiting', chats: chats.filter((chat) => chat.status === 'queued') },
    { id: 'others', title: 'With colleagues', chats: live.filter((chat) => !mine(chat)) },
    { id: 'closed', title: 'Closed', chats: chats.filter((chat) => chat.status === 'closed') },
  ];
  return groups;
}

/** How long a visitor has waited for an agent, or for this agent's reply; null if not waiting. */
export function waitingOf(chat: Chat, desk: Desk, now: number): Waiting | null {
  const since =
    chat.status === 'queued' ? Date.parse(chat.waitingSince ?? '') : unanswered(chat, desk);
  if (since === null || Number.isNaN(since)) return null;
  const ms = Math.max(0, now - since);
  const urgency = ms >= CRITICAL_MS ? 'critical' : ms >= WARNING_MS ? 'warning' : 'calm';
  return { urgency, span: spanOf(ms) };
}

function unanswered(chat: Chat, desk: Desk): number | null {
  if (chat.status !== 'live' || chat.agent?.email !== desk.state.value.agent?.email) return null;
  return desk.chatStores.get(chat.id)?.thread(chat).unansweredSince ?? null;
}

/** The chat before or after the selected one, in the order of the list. */
export function neighbour(
  groups: readonly Group[],
  selected: string | null,
  step: 1 | -1,
): Chat | undefined {
  const all = groups.flatMap((group) => group.chats);
  const at = all.findIndex((chat) => chat.id === selected);
  if (at < 0) return step === 1 ? all[0] : all[all.length - 1];
  return all[Math.min(Math.max(at + step, 0), all.length - 1)];
}

/** Whether this is a made-up name, from `visitorName`. */
export function isNameless(name: string): boolean {
  return name.startsWith('Visitor ');
}

/** The visitor's name; without one, a name with the last characters of the visitor's id. */
export function visitorName(chat: Chat): string {
  const name = chat.visitor.name?.trim();
  if (name) return name;
  const id = chat.visitor.userId.replace(/^[a-z]+_/, '').replace(/[^\p{L}\p{N}]/gu, '');
  const tail = id.slice(-4).toUpperCase();
  return `Visitor ${tail}`;
}
