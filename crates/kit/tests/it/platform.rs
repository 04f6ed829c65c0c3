//! A platform in four files: visitors, a bot that knows two answers, the pause, and pushes.
//!
//! It is correct unless it is given a flaw, which has the name of the case that must find it. This
//! file has its state and what a visitor calls.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use kit::server::{self, Reply, Request};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
};

use crate::middleware::KEY;

mod calls;
mod pushes;
mod turns;

pub(crate) struct Platform {
    flaw: &'static str,
    hook: String,
    http: reqwest::Client,
    began: Instant,
    visitors: Mutex<HashMap<String, Arc<Visitor>>>,
    /// A flaw makes all calls wait for each other.
    one_for_all: tokio::sync::Mutex<()>,
}

pub(crate) struct Visitor {
    user: String,
    conversation: Mutex<Conversation>,
    changes: Notify,
    inbox: mpsc::UnboundedSender<Said>,
}

#[derive(Default)]
struct Conversation {
    events: Vec<Value>,
    typing: Option<Value>,
    /// When the pause ends, in milliseconds of our clock.
    paused_until: Option<i64>,
    /// Counts what pushes have said of the pause.
    epoch: u64,
    agent: Option<Value>,
    clients: HashMap<String, u64>,
    push_ids: HashSet<String>,
    history: Vec<Value>,
    typed_at: Option<i64>,
    calls: u64,
    /// How many polls are waiting, and step ones made, for flaws.
    polls: usize,
    step_ones: usize,
    trigger_stays: bool,
}

#[derive(Clone)]
struct Said {
    text: String,
    event: Option<String>,
}

impl Visitor {
    fn conversation(&self) -> MutexGuard<'_, Conversation> {
        self.conversation.lock()
    }
}

/// Requests as strings, whatever is missing.
fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

fn answer(status: u16, body: &Value) -> Reply {
    Reply::JsonStatus(status, body.to_string())
}

impl Platform {
    /// Serves; the address.
    pub(crate) async fn start(flaw: &'static str, hook: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let redirects = if flaw.ends_with("redirect") {
            reqwest::redirect::Policy::limited(3)
        } else {
            reqwest::redirect::Policy::none()
        };
        // `Err` says that this process has a provider of cryptography already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap();
        let platform = Arc::new(Self {
            flaw,
            hook: hook.to_owned(),
            http,
            began: Instant::now(),
            visitors: Mutex::default(),
            one_for_all: tokio::sync::Mutex::default(),
        });
        let handler: server::Handler = Arc::new(move |request| {
            let platform = platform.clone();
            Box::pin(async move { platform.receive(request).await })
        });
        tokio::spawn(server::serve(listener, handler));
        base
    }

    fn is(&self, flaw: &str) -> bool {
        self.flaw == flaw
    }

    fn now(&self) -> i64 {
        self.began.elapsed().as_millis() as i64
    }

    async fn receive(self: &Arc<Self>, request: Request) -> Reply {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if path == wire::push::PATH {
            return self.pushed(&request).await;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if path == "/v1/bots/support/visitors" {
            return self.create();
        }
        let token = request.header("authorization").unwrap_or_default();
        let user = token.trim_start_matches("Bearer token-");
        let Some(visitor) = self.visitor(user) else {
            if self.is("push-key-reads-nothing") && token.ends_with(KEY) {
                return answer(200, &json!({ "events": [], "next": 0 }));
            }
            return answer(401, &json!({ "id": "unauthorized" }));
        };
        match path {
            "/v1/conversation/messages" => self.say(&visitor, &body),
            "/v1/conversation/typing" => self.types(&visitor),
            "/v1/conversation/events" => self.events(&visitor, query).await,
            _ => answer(404, &json!({ "id": "not_found" })),
        }
    }

    fn visitor(&self, user: &str) -> Option<Arc<Visitor>> {
        self.visitors.lock().get(user).cloned()
    }

    fn create(self: &Arc<Self>) -> Reply {
        let (inbox, said) = mpsc::unbounded_channel();
        let mut visitors = self.visitors.lock();
        let user = format!("usr_{}", visitors.len());
        let (conversation, changes) = (Mutex::default(), Notify::new());
        let visitor = Arc::new(Visitor { user: user.clone(), conversation, changes, inbox });
        visitors.insert(user.clone(), visitor.clone());
        tokio::spawn(self.clone().work(visitor, said));
        answer(201, &json!({ "userId": user, "token": format!("token-{user}") }))
    }

    fn say(&self, visitor: &Visitor, body: &Value) -> Reply {
        let event = body["event"]["name"].as_str().map(str::to_owned);
        let label = if event.is_some() { "label" } else { "text" };
        let said = Said { text: text(body, label).to_owned(), event };
        let client = text(body, "clientId").to_owned();
        self.look_at_the_clock(visitor);
        let known = visitor.conversation().clients.get(&client).copied();
        if let Some(seq) = known
            && !self.is("same-client-id")
        {
            return answer(202, &json!({ "seq": seq }));
        }
        let shown = json!({ "type": "visitor_message", "text": said.text, "clientId": client });
        let seq = self.show(visitor, shown);
        visitor.conversation().clients.insert(client, seq);
        visitor.inbox.send(said).unwrap();
        answer(202, &json!({ "seq": seq }))
    }

    fn types(self: &Arc<Self>, visitor: &Arc<Visitor>) -> Reply {
        let now = self.now();
        let mut conversation = visitor.conversation();
        let is_rare = conversation.typed_at.is_none_or(|typed| now - typed >= 4_000);
        let is_paused = conversation.paused_until.is_some();
        if (is_rare || self.is("typing-calls-are-rare"))
            && (is_paused || self.is("typing-only-while-paused"))
        {
            conversation.typed_at = Some(now);
            tokio::spawn(self.clone().typing_call(visitor.clone()));
        }
        Reply::JsonStatus(204, String::new())
    }

    async fn events(&self, visitor: &Visitor, query: &str) -> Reply {
        let number = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name));
            value.and_then(|value| value.trim_start_matches('=').parse::<u64>().ok()).unwrap_or(0)
        };
        let (after, wait) = (number("after") as usize, number("wait"));
        let deadline = Instant::now() + Duration::from_secs(wait);
        visitor.conversation().polls += 1;
        let page = loop {
            let changes = visitor.changes.notified();
            let page = {
                let mut conversation = visitor.conversation();
                let new: Vec<_> = conversation.events.iter().skip(after).cloned().collect();
                let typing = if wait > 0 { conversation.typing.take() } else { None };
                new.into_iter().chain(typing).collect::<Vec<_>>()
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if !page.is_empty() || left.is_zero() {
                break page;
            }
            // Late or not, the next look tells.
            let _woken = tokio::time::timeout(left, changes).await;
        };
        visitor.conversation().polls -= 1;
        let numbered = page.iter().filter(|event| event["seq"].is_number()).count();
        answer(200, &json!({ "events": page, "next": after + numbered }))
    }

    /// Adds an event; its number.
    fn show(&self, visitor: &Visitor, mut event: Value) -> u64 {
        let mut conversation = visitor.conversation();
        let seq = conversation.events.len() as u64 + 1;
        event["seq"] = seq.into();
        event["at"] = iso(self.now()).into();
        conversation.events.push(event);
        drop(conversation);
        visitor.changes.notify_waiters();
        seq
    }

    fn notice(&self, visitor: &Visitor, kind: &str, text: &str) {
        self.show(visitor, json!({ "type": "notice", "kind": kind, "text": text }));
    }

    /// Ends a pause that is over.
    fn look_at_the_clock(&self, visitor: &Visitor) {
        let is_over = visitor.conversation().paused_until.is_some_and(|until| until <= self.now());
        if is_over && !self.is("pause-runs-out") {
            self.end(visitor, "expired", Some(LEFT));
        }
    }

    fn end(&self, visitor: &Visitor, reason: &str, notice: Option<&str>) {
        visitor.conversation().paused_until = None;
        self.show(visitor, json!({ "type": "control", "control": "bot", "reason": reason }));
        if let Some(text) = notice {
            self.notice(visitor, "agent_left", text);
        }
    }

    fn pause(self: &Arc<Self>, visitor: &Arc<Visitor>, minutes: f64, reason: &str) {
        let until = self.now() + (minutes * 60_000.0) as i64;
        let was_paused = visitor.conversation().paused_until.replace(until).is_some();
        if !was_paused {
            let control = json!({
                "type": "control", "control": "human", "reason": reason, "pausedUntil": iso(until),
            });
            self.show(visitor, control);
        }
        let (platform, visitor) = (self.clone(), visitor.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis((until - platform.now()).max(0) as u64)).await;
            platform.look_at_the_clock(&visitor);
        });
    }
}

const LEFT: &str = "The human has left the conversation. You are now chatting with the bot.";

/// RFC 3339 of a clock that began at ten o'clock.
fn iso(millis: i64) -> String {
    let millis = millis + 36_000_000;
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, millis) = (millis / 1_000 % 60, millis % 1_000);
    format!("2026-01-01T{:02}:{minutes:02}:{seconds:02}.{millis:03}Z", hours % 24)
}
