// A middleware for human handover. Its agent is an echo. Node 20, no dependencies.
//
// npx tsc && WEBHOOK_TOKEN=… PUSH_URL=https://HOST/webhooks/handover/push PUSH_KEY=… PORT=8091 \
//   node dist/receiver.js

import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

type Json = Record<string, unknown>;
type Chat = { botId: string; userId: string };

const TOKEN = need("WEBHOOK_TOKEN");
const PUSH_URL = process.env.PUSH_URL ?? "";
const PUSH_KEY = process.env.PUSH_KEY ?? "";
const PORT = Number(process.env.PORT ?? "8091");
const BODY_MAX = 1 << 20;
const REMEMBERED = 10_000;
const PAUSED = { paused: true, minutesPaused: 10 };
const ENDED = { paused: false, minutesPaused: 0 };

/** The open chats, by bot and visitor. */
const chats = new Set<string>();
/** The answers by Idempotency-Key, oldest first. */
const answers = new Map<string, Json>();
/** The pushes of all chats, sent one at a time. */
let pushes: Promise<void> = Promise.resolve();

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function need(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}`);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The token may be bare or after `Bearer` in Authorization, or in the body. */
function mayEnter(authorization: string, body: Json): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const presented = [authorization.trim().replace(/^bearer\s+/i, "")];
  if (typeof body.accessToken === "string") presented.push(body.accessToken);
  return presented.map((secret) => timingSafeEqual(hash(TOKEN), hash(secret))).some(Boolean);
}

/** The text of the visitor, or the name of the event that was sent instead. */
function said(body: Json): string {
  const input = isObject(body.queryInput) ? body.queryInput : {};
  if (isObject(input.text) && typeof input.text.text === "string") return input.text.text;
  if (isObject(input.event) && typeof input.event.name === "string") return input.event.name;
  throw new Refused(400, "queryInput.text.text is missing: send what the visitor wrote");
}

function handle(body: Json, callId: string | undefined): Json {
  const { botId, userId, eventType } = body;
  for (const [field, id] of Object.entries({ botId, userId })) {
    if (typeof id !== "string" || id === "") throw new Refused(400, `${field} is missing`);
  }
  const chat = { botId, userId } as Chat;
  if (eventType === "user_typing") return {};
  if (eventType === "user_left" || eventType === "pause_expired") {
    chats.delete(key(chat));
    return {};
  }
  const text = said(body);
  const before = callId === undefined ? undefined : answers.get(callId);
  if (before) return before;
  const wanted = body.dialogflowResponse !== undefined && body.dialogflowResponse !== null;
  const answer = wanted ? stepOne(chat) : stepTwo(chat, text);
  if (callId !== undefined) remember(callId, answer);
  return answer;
}

/** Step one: the bot asks for a human. This echo is always available. */
function stepOne(chat: Chat): Json {
  chats.add(key(chat));
  push(chat, "channel_update");
  push(chat, "message", { text: "Hello, I am Echo. Say bye to get the bot back." });
  return PAUSED;
}

/** Step two: the visitor wrote to the human. */
function stepTwo(chat: Chat, text: string): Json {
  if (!chats.has(key(chat))) return ENDED;
  if (text.trim().toLowerCase() === "bye") {
    chats.delete(key(chat));
    push(chat, "message", { text: "Goodbye!" });
    push(chat, "channel_update", { paused: false });
  } else {
    push(chat, "message", { text: `You said: ${text}` });
  }
  return PAUSED;
}

function key(chat: Chat): string {
  return JSON.stringify([chat.botId, chat.userId]);
}

function remember(callId: string, answer: Json): void {
  answers.set(callId, answer);
  const [oldest] = answers.keys();
  if (answers.size > REMEMBERED && oldest !== undefined) answers.delete(oldest);
}

function push(chat: Chat, eventType: string, more: Json = {}): void {
  const agentProfile = { name: "Echo", avatarUrl: "" };
  const messageId = randomUUID();
  const body = { eventType, ...chat, agentProfile, messageId, accessToken: PUSH_KEY, ...PAUSED };
  if (PUSH_URL) pushes = pushes.then(() => send({ ...body, ...more }));
}

/** Sends one push until it is accepted or rejected for good. */
async function send(body: Json & { messageId: string }): Promise<void> {
  const headers = {
    "Content-Type": "application/json",
    Authorization: PUSH_KEY,
    "Idempotency-Key": body.messageId,
  };
  for (const seconds of [1, 2, 5, 10, 20, 0]) {
    try {
      const signal = AbortSignal.timeout(10_000);
      const text = JSON.stringify(body);
      const { status } = await fetch(PUSH_URL, { method: "POST", headers, body: text, signal });
      if (status < 300) return;
      console.log(`push ${String(body.eventType)}: ${status}`);
      if (status < 500 && ![408, 425, 429].includes(status)) return;
    } catch (error) {
      console.log(`push ${String(body.eventType)}: ${String(error)}`);
    }
    await sleep(seconds * 1000);
  }
}

async function read(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX) throw new Refused(413, `send at most ${BODY_MAX} bytes`);
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new Refused(400, "the body is not JSON: send a JSON object");
  }
  if (!isObject(body)) throw new Refused(400, "the body is not an object: send a JSON object");
  return body;
}

async function answer(request: IncomingMessage): Promise<Json> {
  if (request.method !== "POST") throw new Refused(405, "send a POST");
  const body = await read(request);
  if (!mayEnter(request.headers.authorization ?? "", body)) {
    throw new Refused(401, "no valid token");
  }
  const id = request.headers["idempotency-key"] ?? request.headers["x-request-id"];
  return handle(body, id === undefined ? undefined : String(id));
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let status = 200;
  let value: Json;
  try {
    value = await answer(request);
  } catch (error) {
    if (!(error instanceof Refused)) return void response.destroy(); // the caller hung up
    status = error.status;
    value = { error: error.message };
    if (status === 413) response.setHeader("Connection", "close");
  }
  response.setHeader("Content-Type", "application/json");
  response.writeHead(status).end(JSON.stringify(value));
}

createServer((request, response) => void serve(request, response)).listen(PORT, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${PORT}/`);
});
