//! A custom tool built on docs/connectors/webhook.md: it accepts signed events, drops repeats by
//! id, and sends its own events one at a time.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc;

use crate::{Act, Chat, From, Line, Phase, Tool, caller::Caller, time::Time};

/// How often an event is sent until the bridge accepts or refuses it.
const TRIES: u32 = 200;

#[derive(Debug, Clone)]
pub struct Options {
    /// URL for the tool's events.
    pub events_url: String,
    pub token: String,
    /// `whsec_…`, the key with which the bridge signs.
    pub signing_key: String,
    /// Refuses every opening with this reason.
    pub refuses: Option<String>,
    /// The notice to the visitor in the answer to an opening.
    pub notice: String,
    pub time: Time,
}

#[derive(Clone)]
pub struct Webhook(Arc<Inner>);

struct Inner {
    options: Options,
    data: Mutex<Data>,
    outbox: mpsc::UnboundedSender<Value>,
}

#[derive(Default)]
struct Data {
    chats: Vec<Chat>,
    seen: HashSet<String>,
    events: u64,
}

impl Webhook {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let (outbox, events) = mpsc::unbounded_channel();
        tokio::spawn(send_all(options.clone(), events));
        Self(Arc::new(Inner { options, data: Mutex::default(), outbox }))
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.0.data.lock()
    }

    fn take(&self, event: &Value) -> Response {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut data = self.data();
        if text("type") == "check" || !data.seen.insert(text("id").to_owned()) {
            return Json(json!({})).into_response();
        }
        let now = self.0.options.time.now();
        if text("type") == "handover.opened" {
            if let Some(reason) = &self.0.options.refuses {
                return Json(json!({ "accepted": false, "reason": reason })).into_response();
            }
            data.chats.push(opened(event, now));
            return Json(json!({ "accepted": true, "notice": self.0.options.notice }))
                .into_response();
        }
        let chat = data.chats.iter_mut().find(|chat| chat.id == text("handover"));
        let Some(chat) = chat.filter(|chat| chat.phase != Phase::Ended) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        match text("type") {
            "visitor.message" => {
                chat.visitor_types = false;
                let (name, text) = (chat.visitor.clone(), text("text").to_owned());
                chat.lines.push(Line { from: From::Visitor, name, text, at: now });
            }
            "visitor.typing" => chat.visitor_types = event["on"] == true,
            "handover.left" => {
                chat.phase = Phase::Ended;
                let text = format!("left: {}", text("reason"));
                chat.lines.push(Line { from: From::System, name: String::new(), text, at: now });
            }
            _ => return StatusCode::BAD_REQUEST.into_response(),
        }
        StatusCode::NO_CONTENT.into_response()
    }

    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let secret = self.0.options.signing_key.trim_start_matches("whsec_");
        let (Some(id), Some(at), Some(given)) =
            (of("webhook-id"), of("webhook-timestamp"), of("webhook-signature"))
        else {
            return false;
        };
        let Ok(key) = STANDARD.decode(secret) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(body);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        given.split(' ').any(|given| given == expected)
    }
}

async fn receive(State(tool): State<Webhook>, headers: HeaderMap, body: Bytes) -> Response {
    if !tool.is_signed(&headers, &body) {
        return tool.failure(StatusCode::UNAUTHORIZED);
    }
    match serde_json::from_slice(&body) {
        Ok(event) => tool.take(&event),
        Err(_) => tool.failure(StatusCode::BAD_REQUEST),
    }
}

fn opened(event: &Value, now: i64) -> Chat {
    let text =
        |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let line = |line: &Value| Line {
        from: From::History,
        name: line["from"].as_str().unwrap_or_default().to_owned(),
        text: line["text"].as_str().unwrap_or_default().to_owned(),
        at: now,
    };
    let transcript = event["transcript"].as_array().map(Vec::as_slice).unwrap_or_default();
    let facts = ["/botId", "/visitor/language", "/intent", "/text"];
    Chat {
        id: text("/handover"),
        visitor: text("/visitor/id"),
        phase: Phase::Waiting,
        agent: None,
        visitor_types: false,
        facts: facts.iter().map(|path| (path[1..].to_owned(), text(path))).collect(),
        lines: transcript.iter().map(line).collect(),
    }
}

/// Sends events in order, each until it is accepted or finally refused.
async fn send_all(options: Options, mut events: mpsc::UnboundedReceiver<Value>) {
    let caller = Caller::new();
    let token = format!("Bearer {}", options.token);
    while let Some(event) = events.recv().await {
        for _ in 0..TRIES {
            let headers = [("authorization", token.as_str())];
            match caller.post_json(&options.events_url, &headers, &event).await {
                Some(status) if status.as_u16() < 500 => break,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

impl Tool for Webhook {
    fn title(&self) -> &'static str {
        "Home-made tool"
    }

    fn router(&self) -> Router {
        Router::new().route("/hook", post(receive)).with_state(self.clone())
    }

    fn chats(&self) -> Vec<Chat> {
        self.data().chats.clone()
    }

    fn act(&self, id: &str, act: Act) -> Result<(), String> {
        let mut data = self.data();
        data.events += 1;
        let event_id = format!("e-{}", data.events);
        let chat = data.chats.iter_mut().find(|chat| chat.id == id);
        let chat = chat.ok_or("there is no such chat")?;
        if chat.phase == Phase::Ended {
            return Err("the chat has ended".to_owned());
        }
        let now = self.0.options.time.now();
        let mut event = json!({ "id": event_id, "handover": id });
        match act {
            Act::Accept { agent } | Act::Transfer { agent } => {
                event["type"] = json!("agent.joined");
                (chat.phase, chat.agent) = (Phase::Live, Some(agent));
            }
            Act::Say { .. } | Act::SayHtml { .. } | Act::File { .. } => {
                said(chat, &act, &mut event, now)?;
            }
            Act::Type { on } => {
                event["type"] = json!("agent.typing");
                event["on"] = json!(on);
            }
            Act::Hold { on } => {
                event["type"] = json!("handover.held");
                event["on"] = json!(on);
                chat.phase = if on { Phase::Held } else { Phase::Live };
            }
            Act::Requeue => {
                event["type"] = json!("agent.left");
                (chat.phase, chat.agent) = (Phase::Waiting, None);
            }
            Act::Note { text } => {
                let name = chat.agent.clone().unwrap_or_default();
                chat.lines.push(Line { from: From::Note, name, text, at: now });
                return Ok(());
            }
            Act::End => {
                event["type"] = json!("handover.ended");
                chat.phase = Phase::Ended;
            }
        }
        if let Some(name) = &chat.agent {
            event["agent"] = json!({ "name": name, "id": name.to_lowercase() });
        }
        // Fails only after the simulator has ended.
        let _ = self.0.outbox.send(event);
        Ok(())
    }

    fn failure(&self, status: StatusCode) -> Response {
        let reason = status.canonical_reason().unwrap_or("failed");
        (status, Json(json!({ "reason": reason }))).into_response()
    }
}

fn said(chat: &mut Chat, act: &Act, event: &mut Value, now: i64) -> Result<(), String> {
    let name = chat.agent.clone().ok_or("accept the chat first")?;
    event["type"] = json!("agent.message");
    let text = match act {
        Act::SayHtml { html } => {
            event["format"] = json!("html");
            html.clone()
        }
        Act::File { name, url } => {
            event["files"] = json!([{ "name": name, "url": url }]);
            String::new()
        }
        Act::Say { text } => text.clone(),
        _ => return Ok(()),
    };
    event["text"] = json!(text);
    let text = event["files"][0]["url"].as_str().map_or(text, str::to_owned);
    chat.lines.push(Line { from: From::Agent, name, text, at: now });
    Ok(())
}
