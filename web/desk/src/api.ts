import { Http } from '@baton/client/http';
import type { Profile, Page, TextFormat } from '@baton/client/types';

export interface Agent extends Profile {
  email: string;
}

export interface Session {
  agent: Agent;
  available: boolean;
}

export interface Chat {
  id: string;
  route: string;
  visitor: { userId: string; name: string | null };
  botId: string;
  language: string | null;
  status: 'queued' | 'live' | 'closed';
  waitingSince: string | null;
  agent: Agent | null;
  closeReason: string | null;
  seq: number;
  preview: string;
  /** `seq` of the last agent message that the platform has accepted. */
  pushedThrough: number;
}

export interface TranscriptLine {
  from: 'visitor' | 'bot' | 'agent';
  text: string;
  format?: TextFormat;
  at?: string;
}

interface Numbered {
  seq: number;
  at: string;
}

export type ChatEvent = Numbered &
  (
    | { type: 'opened'; text: string; reason: string | null }
    | { type: 'visitor_message'; text: string; missed?: TranscriptLine[] }
    | {
        type: 'agent_message';
        text: string;
        format?: TextFormat;
        agent: Profile;
        clientId?: string;
      }
    | { type: 'claimed'; agent: Profile }
    | { type: 'closed'; reason: string; agent: Profile | null }
    | { type: 'refused'; message: number; detail: string }
  );

/** The API, beside the page: a proxy may serve both below a path. */
export function deskApi(): string {
  return typeof document === 'undefined' ? '/desk/api' : new URL('desk/api', document.baseURI).href;
}

const http = new Http({
  base: deskApi(),
  credentials: 'same-origin',
  headers: () => ({ 'x-baton-desk': '1' }),
});

const of = (id: string) => `/chats/${encodeURIComponent(id)}`;

/** The calls of the desk API (`docs/api.md`). */
export const api = {
  session: () => http.get<Session>('/session'),
  signIn: (email: string, password: string) => http.post<Session>('/session', { email, password }),
  signOut: () => http.request<void>('DELETE', '/session'),
  setAvailable: (available: boolean) =>
    http.request<void>('PUT', '/availability', { body: { available } }),
  chats: () => http.get<{ chats: Chat[] }>('/chats'),
  chat: (id: string) => http.get<Chat & { transcript: TranscriptLine[] }>(of(id)),
  events: (id: string, after: number) =>
    http.get<Page<ChatEvent>>(`${of(id)}/events?after=${after}`),
  claim: (id: string) => http.post<Chat>(`${of(id)}/claim`),
  say: (id: string, clientId: string, text: string) =>
    http.post<{ seq: number }>(`${of(id)}/messages`, { clientId, text }),
  typing: (id: string) => http.post<void>(`${of(id)}/typing`),
  close: (id: string) => http.post<void>(`${of(id)}/close`),
};

export type Api = typeof api;
