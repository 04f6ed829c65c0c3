//! A middleware for human handover. Its agent is an echo.
//!
//! `WEBHOOK_TOKEN=… PUSH_URL=https://HOST/webhooks/handover/push PUSH_KEY=… PORT=8091 cargo run`
#![forbid(unsafe_code)]

use std::{
    collections::{HashMap, HashSet, VecDeque},
    env,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;
use tokio::{net::TcpListener, sync::mpsc};

const BODY_MAX: usize = 1 << 20;
const REMEMBERED: usize = 10_000;

type Body = Map<String, Value>;
type Refused = (StatusCode, String);

struct App {
    token: String,
    push_key: String,
    state: Mutex<Chats>,
    pushes: Option<mpsc::UnboundedSender<Value>>,
}

#[derive(Default)]
struct Chats {
    /// The open chats, by bot and visitor.
    open: HashSet<(String, String)>,
    /// The answers by `Idempotency-Key`. The queue has the keys, oldest first.
    answers: HashMap<String, Value>,
    order: VecDeque<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "TLS is set up")?;
    let token = env::var("WEBHOOK_TOKEN").map_err(|_| "set WEBHOOK_TOKEN")?;
    let push_key = env::var("PUSH_KEY").unwrap_or_default();
    let pushes = env::var("PUSH_URL").ok().map(|url| {
        let (pushes, waiting) = mpsc::unbounded_channel();
        tokio::spawn(send_pushes(url, push_key.clone(), waiting));
        pushes
    });
    let app = App { token, push_key, state: Mutex::default(), pushes };
    let router = Router::new()
        .fallback(async || refusal((StatusCode::NOT_FOUND, "the webhook is at /".to_owned())))
        .route("/", post(webhook))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(Arc::new(app));
    let port = env::var("PORT").unwrap_or_else(|_| "8091".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn webhook(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> (StatusCode, Json<Value>) {
    let body = body.map_err(|rejection| (rejection.status(), rejection.body_text()));
    match body.and_then(|body| app.handle(&headers, &body)) {
        Ok(answer) => (StatusCode::OK, Json(answer)),
        Err(refused) => refusal(refused),
    }
}

fn refusal((status, why): Refused) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "error": why })))
}

fn bad(why: &str) -> Refused {
    (StatusCode::BAD_REQUEST, why.to_owned())
}

impl App {
    fn handle(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refused> {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return Err(bad("the body is not a JSON object: send one"));
        };
        if !self.may_enter(headers, &body) {
            return Err((StatusCode::UNAUTHORIZED, "no valid token".to_owned()));
        }
        let id = |field: &str| match body.get(field) {
            Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
            _ => Err(bad(&format!("{field} is missing: send its id"))),
        };
        let chat = (id("botId")?, id("userId")?);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match body.get("eventType").and_then(Value::as_str) {
            Some("user_typing") => return Ok(json!({})),
            Some("user_left" | "pause_expired") => {
                state.open.remove(&chat);
                return Ok(json!({}));
            }
            _ => {}
        }
        let text = said(&body).ok_or_else(|| bad("queryInput.text.text is missing"))?;
        let call = headers.get("idempotency-key").or_else(|| headers.get("x-request-id"));
        let call = call.and_then(|id| id.to_str().ok());
        if let Some(before) = call.and_then(|call| state.answers.get(call)) {
            return Ok(before.clone());
        }
        let answer = match body.get("dialogflowResponse") {
            Some(response) if !response.is_null() => self.step_one(&mut state, chat),
            _ => self.step_two(&mut state, &chat, text),
        };
        if let Some(call) = call {
            state.remember(call.to_owned(), answer.clone());
        }
        Ok(answer)
    }

    /// The token may be bare or after `Bearer` in `Authorization`, or in the body.
    fn may_enter(&self, headers: &HeaderMap, body: &Body) -> bool {
        let header = headers.get("authorization").and_then(|value| value.to_str().ok());
        let header = header.unwrap_or_default().trim();
        let bare = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => header,
        };
        let in_body = body.get("accessToken").and_then(Value::as_str).unwrap_or_default();
        let fits = |presented: &str| self.token.as_bytes().ct_eq(presented.as_bytes());
        bool::from(fits(bare) | fits(in_body))
    }

    /// Step one: the bot asks for a human. This echo is always available.
    fn step_one(&self, state: &mut Chats, chat: (String, String)) -> Value {
        self.push(&chat, "channel_update", json!({}));
        self.push(&chat, "message", json!({ "text": "Hello, I am Echo. Say bye to leave." }));
        state.open.insert(chat);
        json!({ "paused": true, "minutesPaused": 10 })
    }

    /// Step two: the visitor wrote to the human.
    fn step_two(&self, state: &mut Chats, chat: &(String, String), text: &str) -> Value {
        if !state.open.contains(chat) {
            return json!({ "paused": false, "minutesPaused": 0 });
        }
        if text.trim().eq_ignore_ascii_case("bye") {
            state.open.remove(chat);
            self.push(chat, "message", json!({ "text": "Goodbye!" }));
            self.push(chat, "channel_update", json!({ "paused": false }));
        } else {
            self.push(chat, "message", json!({ "text": format!("You said: {text}") }));
        }
        json!({ "paused": true, "minutesPaused": 10 })
    }

    fn push(&self, (bot, user): &(String, String), event: &str, more: Value) {
        let (Some(pushes), Ok(id)) = (&self.pushes, getrandom::u64()) else { return };
        let mut body = json!({
            "accessToken": self.push_key, "eventType": event, "botId": bot, "userId": user,
            "messageId": format!("{id:016x}"), "paused": true, "minutesPaused": 10,
            "agentProfile": { "name": "Echo", "avatarUrl": "" },
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let _ = pushes.send(body);
    }
}

impl Chats {
    fn remember(&mut self, call: String, answer: Value) {
        self.order.push_back(call.clone());
        self.answers.insert(call, answer);
        if self.order.len() > REMEMBERED {
            let oldest = self.order.pop_front().unwrap_or_default();
            self.answers.remove(&oldest);
        }
    }
}

/// The text of the visitor, or the name of the event that was sent instead.
fn said(body: &Body) -> Option<&str> {
    let input = body.get("queryInput")?;
    input.pointer("/text/text").or_else(|| input.pointer("/event/name"))?.as_str()
}

/// Sends the pushes one at a time, each until it is accepted or rejected for good.
async fn send_pushes(url: String, key: String, mut waiting: mpsc::UnboundedReceiver<Value>) {
    let Ok(http) = reqwest::Client::builder().timeout(Duration::from_secs(10)).build() else {
        return eprintln!("no pushes: the HTTP client cannot be built");
    };
    while let Some(body) = waiting.recv().await {
        for seconds in [1, 2, 5, 10, 20, 0] {
            let id = body["messageId"].as_str().unwrap_or_default();
            let request = http.post(&url).header("Authorization", &key);
            let sent = request.header("Idempotency-Key", id).json(&body).send().await;
            let status = sent.map_or(0, |answer| answer.status().as_u16());
            if (200..300).contains(&status) {
                break;
            }
            println!("push {}: {status}", body["eventType"]);
            let again = status == 0 || status >= 500 || matches!(status, 408 | 425 | 429);
            if !again {
                break;
            }
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }
}
