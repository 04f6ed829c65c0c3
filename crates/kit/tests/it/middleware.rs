//! A middleware in one file: all that the contract asks for, and an agent to answer behind it.
//!
//! It is correct unless it is given a flaw, which has the name of the case that must find it.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use kit::{
    conformance::middleware::Task,
    http::Http,
    server::{self, Reply, Request},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const TOKEN: &str = "canary-webhook-token";
pub(crate) const KEY: &str = "canary-push-key";

pub(crate) struct Middleware {
    flaw: &'static str,
    push_url: String,
    http: Http,
    state: Mutex<State>,
    busy: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// Open chats by bot and user: how many messages, and the session of step one.
    chats: HashMap<String, (usize, Value)>,
    /// Answers by the id of the call.
    answered: HashMap<String, Reply>,
    /// Visitors a flaw has turned away.
    blocked: HashSet<String>,
}

impl Middleware {
    /// Serves; the URL of its webhook, and the middleware itself for its agent.
    pub(crate) async fn start(flaw: &'static str, push_url: &str) -> (String, Arc<Self>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let middleware = Arc::new(Self {
            flaw,
            push_url: push_url.to_owned(),
            http: Http::new(),
            state: Mutex::default(),
            busy: AtomicUsize::new(0),
        });
        let serving = middleware.clone();
        let handler: server::Handler = Arc::new(move |request| {
            let middleware = serving.clone();
            Box::pin(async move { middleware.receive(request).await })
        });
        tokio::spawn(server::serve(listener, handler));
        (url, middleware)
    }

    fn is(&self, flaw: &str) -> bool {
        self.flaw == flaw
    }

    async fn receive(&self, request: Request) -> Reply {
        if self.is("many-visitors") {
            let busy = self.busy.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.busy.fetch_sub(1, Ordering::Relaxed);
            if busy > 12 {
                return Reply::Status(503, "busy".to_owned());
            }
        }
        let reply = self.answer(&request);
        let Reply::Json(text) = &reply else { return reply };
        match request.header("content-type") {
            _ if self.is("reply-is-json") => Reply::Status(200, text.clone()),
            Some(kind) if self.is("content-type-with-charset") && kind.contains(';') => {
                Reply::Status(415, String::new())
            }
            _ => reply,
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        if let Some(broken) = self.broken_transport(request) {
            return broken;
        }
        let is_post = request.method == "POST"
            || self.is("method-put") && request.method == "PUT"
            || self.is("method-delete") && request.method == "DELETE";
        if !is_post {
            return Reply::Status(405, "send a POST".to_owned());
        }
        let Ok(call @ Value::Object(_)) = serde_json::from_slice::<Value>(&request.body) else {
            return Reply::Status(400, "send a JSON object".to_owned());
        };
        if !self.is_genuine(request, &call) {
            return Reply::Status(401, "present the webhook token".to_owned());
        }
        let text_of = |name: &str| match &call[name] {
            Value::String(id) => Some(id.clone()),
            Value::Number(_) if self.is("user-id-a-number") => Some("7".to_owned()),
            Value::Object(_) if self.is("user-id-an-object") => Some("{}".to_owned()),
            Value::Null if self.is("user-id-missing") && name == "userId" => Some(String::new()),
            Value::Null if self.is("bot-id-missing") && name == "botId" => Some(String::new()),
            _ => None,
        };
        let (Some(bot), Some(user)) = (text_of("botId"), text_of("userId")) else {
            return Reply::Status(400, "botId and userId are required".to_owned());
        };
        if let Some(refused) = self.broken_reading(&call) {
            return refused;
        }
        let chat = format!("{bot}/{user}");
        match call["eventType"].as_str() {
            None | Some("message") => self.message(request, &call, &chat),
            Some(event) => self.event(event, &chat),
        }
    }

    fn message(&self, request: &Request, call: &Value, chat: &str) -> Reply {
        let is_step_one = !call["dialogflowResponse"].is_null();
        let id = request.header("idempotency-key").map(str::to_owned);
        if let Some(id) = &id
            && let Some(answered) = self.state.lock().answered.get(id)
        {
            let flaw = if is_step_one { "repeat-step-one" } else { "repeat-step-two" };
            return if self.is(flaw) {
                Reply::Status(409, String::new())
            } else {
                answered.clone()
            };
        }
        let text = match &call["queryInput"]["text"]["text"] {
            Value::String(text) => text.clone(),
            Value::Number(_) if self.is("text-a-number") => "7".to_owned(),
            Value::Object(_) if self.is("text-an-object") => {
                return Reply::Status(500, String::new());
            }
            Value::Null if self.is("query-input-missing") => String::new(),
            _ if is_step_one => String::new(),
            _ => return Reply::Status(400, "queryInput.text.text is required".to_owned()),
        };
        if let Some(refused) = self.broken_by_text(&text) {
            return refused;
        }
        let reply = if is_step_one { self.step_one(call, chat) } else { self.step_two(call, chat) };
        if let Some(id) = id {
            self.state.lock().answered.insert(id, reply.clone());
        }
        let is_first = self.state.lock().chats.get(chat).is_some_and(|it| it.0 == 1);
        let slow = is_step_one && self.is("reply-quick")
            || !is_step_one && is_first && self.is("reply-quick-step-two");
        if slow { reply.after_ms(2_200) } else { reply }
    }

    fn step_one(&self, call: &Value, chat: &str) -> Reply {
        let mut state = self.state.lock();
        let chat = self.key(call, chat);
        if state.blocked.contains(&chat)
            || self.is("step-one-again") && state.chats.contains_key(&chat)
        {
            return Reply::Json(r#"{"paused":false}"#.to_owned());
        }
        state.chats.entry(chat).or_insert((0, call["session"].clone()));
        let minutes = if self.is("reply-step-one") { -1 } else { 10 };
        paused(minutes)
    }

    fn step_two(&self, call: &Value, chat: &str) -> Reply {
        let mut state = self.state.lock();
        let chat = self.key(call, chat);
        let Some((messages, session)) = state.chats.get_mut(&chat) else {
            if self.is("step-two-first") {
                state.blocked.insert(chat);
            }
            return if self.is("step-two-alone") {
                Reply::Status(404, String::new())
            } else {
                paused_false(self.is("push-ended"))
            };
        };
        *messages += 1;
        if self.is("many-messages") && *messages > 10 {
            return Reply::Status(429, String::new());
        }
        if self.is("session-changes") && !call["session"].is_null() && call["session"] != *session {
            return paused_false(false);
        }
        paused(if self.is("reply-step-two") { 0 } else { 10 })
    }

    fn key(&self, call: &Value, chat: &str) -> String {
        match call["session"].as_str() {
            Some(session) if self.is("two-visitors") => session.to_owned(),
            _ => chat.to_owned(),
        }
    }

    fn event(&self, event: &str, chat: &str) -> Reply {
        let mut state = self.state.lock();
        let flaw = match event {
            "user_left" => "user-left",
            "pause_expired" => "pause-expired",
            "user_typing" => "none",
            _ => "unknown-event-type",
        };
        if self.is(flaw) {
            return Reply::Status(500, String::new());
        }
        match event {
            "user_left" | "pause_expired" => {
                state.chats.remove(chat);
                if self.is("handover-after-the-end") {
                    state.blocked.insert(chat.to_owned());
                }
            }
            "user_typing" => {
                if self.is("r3.1-typing-changes-nothing") {
                    state.chats.remove(chat);
                }
                if self.is("r3.1-typing-without-chat") && !state.chats.contains_key(chat) {
                    return Reply::Status(404, String::new());
                }
            }
            _ => {}
        }
        Reply::Json("{}".to_owned())
    }

    fn is_genuine(&self, request: &Request, call: &Value) -> bool {
        let is_step_one = !call["dialogflowResponse"].is_null();
        let is_typing = call["eventType"] == "user_typing";
        let mut header = request.header("authorization");
        if self.is("header-names-in-capitals") {
            let exact = request.headers.iter().find(|(name, _)| name == "authorization");
            header = exact.map(|(_, value)| value.as_str());
        }
        let is_bearer = header.is_some_and(|header| header.starts_with("Bearer"));
        let ignored = if is_typing {
            self.is("r3.1-typing")
        } else {
            match (is_bearer, is_step_one) {
                (true, true) => self.is("r2.2-step-one-bearer"),
                (true, false) => self.is("r2.2-step-two-bearer"),
                (false, true) => self.is("r2.3-step-one-bare"),
                (false, false) => self.is("r2.3-step-two-bare"),
            }
        };
        let header = header.filter(|_| !ignored);
        let body = &call["accessToken"];
        let accepted = match (header, body) {
            (None, Value::Null) => self.is("secret-missing"),
            (Some(""), _) => self.is("secret-empty-header"),
            (Some("Bearer"), _) => self.is("secret-empty-bearer"),
            (Some(_), _) if is_bearer => self.is("secret-wrong-bearer"),
            (Some(_), _) if !is_typing => self.is("secret-wrong-bare"),
            (Some(_), _) => self.is("secret-wrong-in-typing"),
            (None, Value::String(body)) if body.is_empty() => self.is("secret-empty-in-body"),
            (None, Value::String(body)) => {
                self.is("secret-wrong-in-body")
                    || self.is("secret-cut-short") && TOKEN.starts_with(body.as_str())
                    || self.is("secret-too-long") && body.starts_with(TOKEN)
                    || self.is("secret-wrong-in-step-two") && !is_step_one
            }
            (None, Value::Bool(true)) => self.is("secret-not-a-string"),
            (None, Value::Array(list)) => self.is("secret-in-a-list") && list[0] == TOKEN,
            _ => false,
        };
        accepted || body == TOKEN || header.map(wire::secret::from_authorization) == Some(TOKEN)
    }

    /// Flaws of the server under the middleware.
    fn broken_transport(&self, request: &Request) -> Option<Reply> {
        let body = String::from_utf8_lossy(&request.body);
        let fails = match self.flaw {
            "method-get" => request.method == "GET",
            "kept-connection" => request.nth >= 4,
            "many-headers" => request.header("cookie").is_some(),
            "body-in-pieces" => request.header("content-length").is_none(),
            "body-not-json" => body.starts_with('<'),
            "body-empty" => body.is_empty(),
            "body-array" => body.starts_with("[{"),
            "body-null" => body == "null",
            "body-nested" => body.starts_with("[["),
            "text-lone-surrogate" => body.contains("\\ud83d"),
            "large-response" => body.len() > 100 * 1024,
            "body-cut" => body.starts_with('{') && !body.ends_with('}'),
            _ => false,
        };
        fails.then(|| Reply::Status(500, "<h1>Internal Server Error</h1>".to_owned()))
    }

    /// Flaws in reading a call.
    fn broken_reading(&self, call: &Value) -> Option<Reply> {
        let is_step_one = !call["dialogflowResponse"].is_null();
        let (input, history) = (&call["queryInput"], call["messageHistory"].as_array());
        let any = |wrong: fn(&Value) -> bool| history.is_some_and(|items| items.iter().any(wrong));
        let fails = match self.flaw {
            "r1-step-one" => is_step_one && call["sessionId"].is_null(),
            "r1-step-two" => {
                !is_step_one && !call["session"].is_null() && call["sessionId"].is_null()
            }
            "r2-step-one-cx" => {
                let result = &call["dialogflowResponse"]["queryResult"];
                is_step_one && result["fulfillmentText"].is_null()
            }
            "r2-step-two-without-session" => !is_step_one && call["session"].is_null(),
            "r3-step-one" => history.is_some_and(Vec::is_empty),
            "r3-step-one-history" => any(|item| item["payload"]["event"].is_object()),
            "r3-step-one-nested-history" => {
                any(|item| item["payload"]["queryParameters"]["queryParameters"].is_object())
            }
            "r3-step-two" => !call["queryParams"]["webhookHeaders"].is_null(),
            "r3.1-step-two-event-type" => call["eventType"] == "message",
            "event-input" => input["event"].is_object() && input["text"].is_object(),
            "event-input-alone" => input["event"].is_object() && input["text"].is_null(),
            "unknown-fields" => call.get("xFromTheFuture").is_some(),
            "null-fields" => call.get("messageHistory").is_some_and(Value::is_null),
            "large-history" => history.is_some_and(|items| items.len() > 100),
            _ => false,
        };
        fails.then(|| Reply::Status(500, "<h1>Internal Server Error</h1>".to_owned()))
    }

    fn broken_by_text(&self, text: &str) -> Option<Reply> {
        let fails = match self.flaw {
            "text-unicode" => text.contains('你'),
            "text-right-to-left" => text.contains('\u{202b}'),
            "text-emoji" => text.contains('\u{200d}'),
            "text-long" => text.chars().count() > 2_000,
            "text-markup" => text.contains("<script>"),
            "text-lines" => text.contains('\n'),
            "text-control-characters" => text.contains('\0'),
            "text-empty" => text.is_empty(),
            _ => false,
        };
        fails.then(|| Reply::Status(500, "<h1>Internal Server Error</h1>".to_owned()))
    }

    /// The agent behind it does what the checker asks for.
    pub(crate) async fn agent(&self, user: String, task: Task) -> anyhow::Result<()> {
        let pause = json!({ "paused": true, "minutesPaused": 10 });
        match task {
            Task::Answer(_) if self.is("push-answer") => {}
            Task::Answer(mut texts) => {
                if self.is("push-order") {
                    texts.reverse();
                }
                for text in texts {
                    let mut fields = if self.is("push-pause") { json!({}) } else { pause.clone() };
                    fields["text"] = text.into();
                    self.push(&user, "message", fields.clone()).await?;
                    if self.is("push-once") {
                        self.push(&user, "message", fields).await?;
                    }
                }
            }
            Task::Type => {
                let kind = if self.is("push-event-type") { "agent_typing" } else { "user_typing" };
                let ends = json!({ "paused": false });
                self.push(&user, kind, if self.is("push-typing") { ends } else { pause }).await?;
            }
            Task::End if self.is("push-resume") => {}
            Task::End => {
                self.state.lock().chats.retain(|chat, _| !chat.ends_with(&user));
                self.push(&user, "channel_update", json!({ "paused": false })).await?;
                if self.is("push-last") {
                    let fields = json!({ "text": "late", "paused": true, "minutesPaused": 10 });
                    self.push(&user, "message", fields).await?;
                }
            }
        }
        Ok(())
    }

    async fn push(&self, user: &str, event_type: &str, mut fields: Value) -> anyhow::Result<()> {
        fields["eventType"] = event_type.into();
        fields["userId"] = user.into();
        fields["botId"] = if self.is("push-ids") { "other" } else { "check" }.into();
        fields["agentProfile"] = json!({ "name": "Jane Doe", "avatarUrl": "" });
        if self.is("push-agent-profile") {
            fields["agentProfile"] = "Jane Doe".into();
        }
        let mut headers = vec![("authorization", KEY)];
        if self.is("push-key") {
            headers.clear();
        }
        let path = if self.is("push-place") { "/push" } else { wire::push::PATH };
        let url = format!("{}{path}", self.push_url);
        self.http.post(&url, &headers, &fields).await?.expect(200)?;
        Ok(())
    }
}

fn paused(minutes: i32) -> Reply {
    Reply::Json(json!({ "paused": true, "minutesPaused": minutes }).to_string())
}

fn paused_false(lies: bool) -> Reply {
    if lies { paused(10) } else { Reply::Json(r#"{"paused":false,"minutesPaused":0}"#.to_owned()) }
}
