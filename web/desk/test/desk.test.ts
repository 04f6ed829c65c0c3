import { beforeEach, describe, expect, test } from 'vitest';
import { OfflineError, ProblemError } from '@baton/client/http';
import { FakeEnv, FakeSocket, memory, settle } from '../../client/test/fakes.js';
import type { Agent, Api, Chat, ChatEvent, TranscriptLine } from '../src/api.js';
import { Desk } from '../src/desk.js';
import { endingOf } from '../src/ending.js';
import { beforeView, rowView } from '../src/message.js';
import { chatRow } from '../src/row.js';
import { groupsOf, neighbour, visitorName, waitingOf } from '../src/queue.js';
import { chatThread } from '../src/thread.js';

const jane: Agent = { email: 'jane@example.com', name: 'Jane Doe', avatarUrl: '' };
const sam: Agent = { email: 'sam@example.com', name: 'Sam Miller', avatarUrl: '' };
const at = '2026-11-22T10:00:00.000Z';

const chatOf = (id: string, more: Partial<Chat> = {}): Chat => ({
  id,
  route: 'desk',
  visitor: { userId: `usr_${id}`, name: null },
  botId: 'b',
  language: 'en',
  status: 'queued',
  waitingSince: at,
  agent: null,
  closeReason: null,
  seq: 1,
  preview: 'hello',
  pushedThrough: 0,
  ...more,
});
const live = (id: string, agent: Agent, more: Partial<Chat> = {}) =>
  chatOf(id, { status: 'live', agent, waitingSince: null, ...more });
const event = (seq: number, more: object) => ({ seq, at, ...more }) as ChatEvent;
const said = (seq: number, text: string) => event(seq, { type: 'visitor_message', text });
const answered = (seq: number, text: string, clientId = `c${seq}`) =>
  event(seq, { type: 'agent_message', text, agent: jane, clientId });

let env: FakeEnv;
let chats: Chat[];
let stored: Map<string, ChatEvent[]>;
let transcript: TranscriptLine[];
let claims: (id: string) => Promise<Chat>;
let sends: string[];
let say: () => Promise<{ seq: number }>;
let signedIn: Agent;
let sockets: FakeSocket[];
let local: ReturnType<typeof memory>;
let session: ReturnType<typeof memory>;
let alerts: string[];

const api = (): Api => ({
  session: () => Promise.resolve({ agent: signedIn, available: true }),
  signIn: () => Promise.reject(new ProblemError({ id: 'unauthorized', status: 401 })),
  signOut: () => Promise.resolve(),
  setAvailable: () => Promise.reject(new Error('offline')),
  chats: () => Promise.resolve({ chats }),
  chat: (id) => Promise.resolve({ ...chatOf(id), transcript }),
  events: (id, after) => {
    const events = (stored.get(id) ?? []).filter((one) => one.seq > after);
    return Promise.resolve({ events, next: 0 });
  },
  claim: (id) => claims(id),
  say: (id, clientId, text) => {
    sends.push(`${id} ${clientId} ${text}`);
    return say();
  },
  typing: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

const make = () =>
  new Desk({
    api: api(),
    env,
    local,
    session,
    socket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    alert: (chat, { kind }) => alerts.push(`${kind} ${chat.id}`),
  });
const newest = () => sockets[sockets.length - 1] as FakeSocket;
const frames = (socket: FakeSocket) => socket.sent.map((frame) => JSON.parse(frame) as object);

async function started(): Promise<Desk> {
  const desk = make();
  await desk.start();
  newest().onopen?.();
  newest().say({ type: 'chats', chats });
  await settle();
  return desk;
}
const texts = (desk: Desk, id: string) => {
  const chat = desk.state.value.chats.find((one) => one.id === id) as Chat;
  return desk
    .chatStore(id)
    .thread(chat)
    .rows.map((row) => row.text);
};

beforeEach(() => {
  env = new FakeEnv();
  chats = [];
  stored = new Map();
  transcript = [];
  claims = (id) => Promise.resolve(live(id, jane));
  sends = [];
  say = () => Promise.resolve({ seq: 99 });
  signedIn = jane;
  sockets = [];
  local = memory();
  session = memory();
  alerts = [];
});

describe('the desk', () => {
  test('watches its own chats, and resumes each after a reconnect', async () => {
    chats = [live('a', jane), live('b', sam), chatOf('c')];
    await started();
    expect(frames(newest())).toEqual([{ watch: 'a', after: 0 }]);
    newest().say({ type: 'event', chat: 'a', event: said(1, 'one') });
    newest().say({ type: 'event', chat: 'a', event: said(2, 'two') });
    newest().onclose?.({ code: 1001 });
    await env.pass(1_000);
    newest().onopen?.();
    expect(frames(newest())).toEqual([{ watch: 'a', after: 2 }]);
  });

  test('drops repeated events and reads a gap again', async () => {
    chats = [live('a', jane)];
    const desk = await started();
    newest().say({ type: 'event', chat: 'a', event: said(1, 'one') });
    newest().say({ type: 'event', chat: 'a', event: said(1, 'one') });
    stored.set('a', [said(1, 'one'), said(2, 'two'), said(3, 'three')]);
    newest().say({ type: 'event', chat: 'a', event: said(3, 'three') });
    await settle();
    expect(texts(desk, 'a')).toEqual(['one', 'two', 'three']);
  });

  test('a dead socket is found because the list is newer', async () => {
    chats = [live('a', jane, { seq: 1 })];
    await started();
    newest().say({ type: 'event', chat: 'a', event: said(1, 'one') });
    chats = [live('a', jane, { seq: 2 })];
    stored.set('a', [said(1, 'one'), said(2, 'two')]);
    const from = env.time;
    while (sockets.length === 1) await env.pass(100);
    expect(env.time - from).toBeLessThan(45_000);
  });

  test('names the agent who has already taken a chat', async () => {
    chats = [chatOf('a')];
    claims = () => {
      chats = [live('a', sam)];
      const agent = { name: 'Sam Miller' };
      return Promise.reject(new ProblemError({ id: 'taken', status: 409, agent }));
    };
    const desk = await started();
    expect(await desk.claim('a')).toBe(false);
    await settle();
    expect(desk.state.value.toast).toBe('Sam Miller has already taken this chat.');
    expect(desk.state.value.chats[0]?.agent?.name).toBe('Sam Miller');
  });

  test('availability goes back when the server was not reached', async () => {
    const desk = await started();
    await desk.setAvailable(false);
    expect(desk.state.value.available).toBe(true);
    expect(desk.state.value.toast).toMatch(/no connection/);
  });

  test('an own message is sending, sent, delivered, and shown once', async () => {
    chats = [live('a', jane)];
    const desk = await started();
    const states = () =>
      desk
        .chatStore('a')
        .thread(desk.state.value.chats[0] as Chat)
        .rows.map((row) => row.kind === 'message' && row.delivery);
    desk.chatStore('a').say(' hi ');
    expect(states()).toEqual(['sending']);
    await settle();
    expect(sends).toEqual(['a id1 hi']);
    newest().say({ type: 'event', chat: 'a', event: answered(1, 'hi', 'id1') });
    expect(states()).toEqual(['sent']);
    chats = [live('a', jane, { pushedThrough: 1 })];
    newest().say({ type: 'chats', chats });
    expect(states()).toEqual(['delivered']);
    const refused = event(2, { type: 'refused', message: 1, detail: 'gone' });
    newest().say({ type: 'event', chat: 'a', event: refused });
    expect(states()).toEqual(['refused']);
  });

  test('drafts are kept per chat and survive the page', async () => {
    chats = [live('a', jane), live('b', jane)];
    const desk = await started();
    desk.chatStore('a').draft = 'to a';
    desk.chatStore('b').draft = 'to b';
    expect(make().chatStore('a').draft).toBe('to a');
    expect(make().chatStore('b').draft).toBe('to b');
  });

  test('unread counts messages of the visitor since the last look or reply', async () => {
    chats = [live('a', jane)];
    const desk = await started();
    const store = desk.chatStore('a');
    for (const one of [said(1, 'x'), answered(2, 'y'), said(3, 'z')]) store.event(one);
    expect(store.unread).toBe(1);
    store.read();
    expect(store.unread).toBe(0);
    expect(make().chatStore('a').unread).toBe(0);
  });

  test('alerts for new waiting visitors and new messages, not for history', async () => {
    chats = [live('a', jane), chatOf('old')];
    await started();
    newest().say({ type: 'event', chat: 'a', event: said(1, 'long ago') });
    newest().say({ type: 'chats', chats: [...chats, chatOf('new')] });
    const now = new Date(env.now()).toISOString();
    newest().say({ type: 'event', chat: 'a', event: { ...said(2, 'now'), at: now } });
    expect(alerts).toEqual(['queued new', 'message a']);
  });

  test('without a transcript the message that caused the handover is shown', async () => {
    chats = [chatOf('a')];
    const desk = await started();
    desk.chatStore('a').event(event(1, { type: 'opened', text: 'a person, please', reason: null }));
    const { before } = desk.chatStore('a').thread(chats[0] as Chat);
    expect(before.map((line) => line.text)).toEqual(['a person, please']);
  });
});

test('what the bot answered while the desk was away stands before the next message', () => {
  const missed: TranscriptLine[] = [
    { from: 'visitor', text: 'anybody?', at },
    { from: 'bot', text: 'I am the bot.' },
  ];
  const next = event(3, { type: 'visitor_message', text: 'hello again', missed });
  const { rows } = chatThread(chatOf('a'), [], [said(2, 'hello'), next], []);
  expect(
    rows.map((row) => (row.kind === 'message' ? `${row.from}: ${row.text}` : row.text)),
  ).toEqual([
    'visitor: hello',
    'The desk could not be reached: the bot answered',
    'visitor: anybody?',
    'bot: I am the bot.',
    'The desk can be reached again',
    'visitor: hello again',
  ]);
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
});

test('a message that cannot be drawn is shown in plain words', () => {
  const text = 70_707 as unknown as string;
  const common = { key: 'k', at: 0, text, format: 'plain', profile: null, delivery: null } as const;
  const row = { kind: 'message', from: 'visitor', ...common } as const;
  expect(JSON.stringify(rowView(row, undefined, undefined, 'Ada'))).toContain('70707');
  expect(JSON.stringify(beforeView([row], 'Ada'))).toContain('70707');
});

describe('signing out', () => {
  const unsent = () => [...session.all.values()].filter((kept) => kept.includes('secret'));

  async function writing(): Promise<Desk> {
    chats = [live('a', jane)];
    session.set('baton.desk.unsent.gone', '[{"clientId":"x","body":{"text":"secret"}}]');
    session.set('baton.desk.agent', jane.email);
    const desk = await started();
    say = () => Promise.reject(new OfflineError());
    desk.chatStore('a').say('secret');
    await settle();
    expect(unsent().length).toBe(2);
    return desk;
  }

  test('leaves no reply to be sent, now or by the next agent', async () => {
    const desk = await writing();
    await desk.signOut();
    const before = sends.length;
    desk.wake();
    await env.pass(120_000);
    expect(sends.length).toBe(before);
    expect(unsent()).toEqual([]);
  });

  test('by the server takes effect at once, without reconnecting', async () => {
    const desk = await writing();
    newest().onclose?.({ code: 4401 });
    expect(desk.state.value).toMatchObject({ phase: 'signed-out', agent: null, chats: [] });
    const before = [sockets.length, sends.length];
    await env.pass(120_000);
    expect([sockets.length, sends.length]).toEqual(before);
  });

  test('by the server keeps unsent replies, for this agent only', async () => {
    await writing();
    newest().onclose?.({ code: 4401 });
    say = () => Promise.resolve({ seq: 99 });
    await started();
    expect(sends.at(-1)).toBe('a id1 secret');

    await writing();
    newest().onclose?.({ code: 4401 });
    signedIn = sam;
    chats = [live('a', sam)];
    sends = [];
    const desk = await started();
    desk.select('gone');
    await env.pass(120_000);
    expect([sends, unsent()]).toEqual([[], []]);
  });
});

describe('how a chat ended', () => {
  const reasons: [string, boolean, string][] = [
    ['nobody_available', true, 'No agent was available: the visitor stayed with the bot'],
    ['queue_timeout', true, 'No agent took the chat in time: the visitor is back with the bot'],
    ['agent_closed', false, 'Jane Doe handed the visitor back to the bot'],
    ['idle', false, 'Closed after long inactivity: the visitor is back with the bot'],
    ['visitor_left', false, 'The visitor left the chat'],
    ['pause_expired', false, 'Chat timed out: the visitor is back with the bot'],
    ['something new', false, 'The chat was closed'],
  ];

  test.each(reasons)('%s is shown in the chat', async (reason, missed, text) => {
    chats = [live('a', jane)];
    const desk = await started();
    newest().say({
      type: 'event',
      chat: 'a',
      event: event(1, { type: 'closed', reason, agent: jane }),
    });
    expect(texts(desk, 'a')).toEqual([text]);
    expect(endingOf(reason, jane.name).missed).toBe(missed);
  });

  test.each(reasons)('%s shows in the list', (reason, missed, text) => {
    const chat = chatOf('a', { status: 'closed', closeReason: reason, agent: jane });
    const row = JSON.stringify(chatRow(chat, make(), 0));
    expect(row.includes('Missed')).toBe(missed);
    expect(row.includes(text)).toBe(!missed);
  });
});

describe('the queue', () => {
  const all = [chatOf('q'), live('m', jane), live('s', sam), chatOf('x', { status: 'closed' })];

  test('has own chats first, then the waiting ones', () => {
    const groups = groupsOf(all, jane.email).map(({ id, chats: c }) => [
      id,
      c.map((one) => one.id),
    ]);
    expect(groups).toEqual([
      ['mine', ['m']],
      ['waiting', ['q']],
      ['others', ['s']],
      ['closed', ['x']],
    ]);
  });

  test('can be stepped through from end to end', () => {
    const groups = groupsOf(all, jane.email);
    expect(neighbour(groups, null, 1)?.id).toBe('m');
    expect(neighbour(groups, 'm', 1)?.id).toBe('q');
    expect(neighbour(groups, 'm', -1)?.id).toBe('m');
    expect(neighbour(groups, 'x', 1)?.id).toBe('x');
    expect(neighbour([], null, 1)).toBe(undefined);
  });

  test.each([
    [29_999, 'calm', '0:29'],
    [30_000, 'warning', '0:30'],
    [59_999, 'warning', '0:59'],
    [60_000, 'critical', '1:00'],
    [3_725_000, 'critical', '1:02:05'],
    [-5_000, 'calm', '0:00'],
  ])('after %i ms waiting is %s', (ms, urgency, span) => {
    expect(waitingOf(chatOf('q'), make(), Date.parse(at) + ms)).toEqual({ urgency, span });
  });

  test('visitors without a name have different names', () => {
    const userId = 'usr_01hq4k7f2a';
    expect(visitorName(chatOf('a', { visitor: { userId, name: null } }))).toBe('Visitor 7F2A');
    expect(visitorName(chatOf('a', { visitor: { userId, name: ' Ada ' } }))).toBe('Ada');
  });
});
