"""A middleware for human handover. Its agent is an echo. Python 3.9, standard library only.

WEBHOOK_TOKEN=… PUSH_URL=https://HOST/webhooks/handover/push PUSH_KEY=… PORT=8091 python3 receiver.py
"""

import hmac
import json
import os
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = os.environ["WEBHOOK_TOKEN"]
PUSH_URL = os.environ.get("PUSH_URL", "")
PUSH_KEY = os.environ.get("PUSH_KEY", "")
BODY_MAX = 1 << 20
REMEMBERED = 10_000
AGENT = {"name": "Echo", "avatarUrl": ""}
PAUSED = {"paused": True, "minutesPaused": 10}
ENDED = {"paused": False, "minutesPaused": 0}

lock = threading.Lock()
chats = set()  # (botId, userId) of every open chat
answers = OrderedDict()  # answers by Idempotency-Key, oldest first
pushes = queue.Queue()


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def may_enter(authorization, body):
    """The token may be bare or after `Bearer` in Authorization, or in the body."""
    scheme, _, rest = authorization.strip().partition(" ")
    presented = [rest.strip() if scheme.lower() == "bearer" else authorization.strip()]
    if isinstance(body.get("accessToken"), str):
        presented.append(body["accessToken"])
    encoded = TOKEN.encode()
    fits = [hmac.compare_digest(encoded, p.encode("utf-8", "replace")) for p in presented]
    return any(fits)


def said(body):
    """The text of the visitor, or the name of the event that was sent instead."""
    given = body.get("queryInput")
    for part, field in (("text", "text"), ("event", "name")):
        inner = given.get(part) if isinstance(given, dict) else None
        text = inner.get(field) if isinstance(inner, dict) else None
        if isinstance(text, str):
            return text
    raise Refused(400, "queryInput.text.text is missing: send what the visitor wrote")


def handle(body, call_id):
    for field in ("userId", "botId"):
        if not isinstance(body.get(field), str) or not body[field]:
            raise Refused(400, f"{field} is missing: send its id")
    chat = (body["botId"], body["userId"])
    event = body.get("eventType")
    if event == "user_typing":
        return {}
    if event in ("user_left", "pause_expired"):
        with lock:
            chats.discard(chat)
        return {}
    text = said(body)
    with lock:
        if call_id in answers:
            return answers[call_id]
        if body.get("dialogflowResponse") is not None:
            answer = step_one(chat)
        else:
            answer = step_two(chat, text)
        if call_id:
            answers[call_id] = answer
            if len(answers) > REMEMBERED:
                answers.popitem(last=False)
    return answer


def step_one(chat):
    """Step one: the bot asks for a human. This echo is always available."""
    chats.add(chat)
    push(chat, "channel_update")
    push(chat, "message", text="Hello, I am Echo. Say bye to get the bot back.")
    return PAUSED


def step_two(chat, text):
    """Step two: the visitor wrote to the human."""
    if chat not in chats:
        return ENDED
    if text.strip().lower() == "bye":
        chats.discard(chat)
        push(chat, "message", text="Goodbye!")
        push(chat, "channel_update", paused=False)
    else:
        push(chat, "message", text=f"You said: {text}")
    return PAUSED


def push(chat, event, **more):
    bot, user = chat
    body = {"eventType": event, "botId": bot, "userId": user, "agentProfile": AGENT}
    secret = {"accessToken": PUSH_KEY, "messageId": str(uuid.uuid4())}
    if PUSH_URL:
        pushes.put(body | secret | PAUSED | more)


def send_pushes():
    """Sends the pushes one at a time, each until it is accepted or rejected for good."""
    while True:
        body = pushes.get()
        headers = {
            "Content-Type": "application/json",
            "Authorization": PUSH_KEY,
            "Idempotency-Key": body["messageId"],
        }
        for wait in (1, 2, 5, 10, 20, 0):
            request = urllib.request.Request(PUSH_URL, json.dumps(body).encode(), headers)
            try:
                urllib.request.urlopen(request, timeout=10).close()
                break
            except urllib.error.HTTPError as error:
                print(f"push {body['eventType']}: {error.code}", flush=True)
                if error.code < 500 and error.code not in (408, 425, 429):
                    break
            except OSError as error:
                print(f"push {body['eventType']}: {error}", flush=True)
            time.sleep(wait)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        try:
            try:
                body = json.loads(self.read())
            except (ValueError, RecursionError):
                raise Refused(400, "the body is not JSON: send a JSON object") from None
            if not isinstance(body, dict):
                raise Refused(400, "the body is not an object: send a JSON object")
            if not may_enter(self.headers.get("Authorization", ""), body):
                raise Refused(401, "no valid token")
            call_id = self.headers.get("Idempotency-Key") or self.headers.get("X-Request-Id")
            self.answer(200, handle(body, call_id))
        except Refused as refused:
            self.answer(refused.status, {"error": str(refused)})

    def read(self):
        """Reads the body, by length or in chunks. This server does not do that by itself."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(self.limited(self.headers.get("Content-Length", "0"), 10))
        whole = b""
        while size := self.limited(self.rfile.readline(20).split(b";")[0].decode("latin-1"), 16):
            whole += self.rfile.read(size)
            self.rfile.readline(3)
            self.limited(str(len(whole)), 10)
        self.rfile.readline(3)
        return whole

    def limited(self, number, base):
        try:
            size = int(number, base)
        except ValueError:
            size = -1
        if not 0 <= size <= BODY_MAX:
            self.close_connection = True  # the rest of the body would be read as the next call
            raise Refused(413 if size > BODY_MAX else 400, "the length of the body does not fit")
        return size

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def not_allowed(self):
        self.close_connection = True
        self.answer(405, {"error": "send a POST"})

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = not_allowed

    def log_message(self, *_):
        pass  # by default every call is printed to the terminal


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    if PUSH_URL:
        threading.Thread(target=send_pushes, daemon=True).start()
    port = int(os.environ.get("PORT", "8091"))
    print(f"listening on http://127.0.0.1:{port}/", flush=True)
    Server(("127.0.0.1", port), Handler).serve_forever()
