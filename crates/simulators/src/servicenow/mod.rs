//! ServiceNow, simulated: the Virtual Agent Bot Integration API, whose answers come later as
//! callbacks, and the Table API with its journal, behind Basic and OAuth.
//!
//! It is written from the vendor's public reference. Where that says nothing, the harder choice for
//! a caller is taken: nothing is tried twice, nothing is recognized as a repeat.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};

use crate::rng::Rng;
use crate::{Act, Chat, Tool, time::Time};

mod access;
mod bot;
mod callback;
mod conversation;
mod query;
mod records;
mod table;
mod ticket;

#[cfg(test)]
mod tests;

pub use access::Proof;
use access::Tokens;
use conversation::Conversation;
use records::Records;

/// Options of an instance.
#[derive(Debug, Clone)]
pub struct Options {
    /// The integration user.
    pub username: String,
    pub password: String,
    /// The application of the OAuth registry.
    pub client_id: String,
    pub client_secret: String,
    /// Lifetime of an access token.
    pub token_seconds: u64,
    /// How a caller of the bot integration proves itself.
    pub proof: Proof,
    /// The response endpoint; without it no callback is sent.
    pub callback: Option<String>,
    /// Fixed headers of the connection.
    pub callback_headers: Vec<(String, String)>,
    /// Delay of callbacks: at least, and less than.
    pub callback_delay_ms: (u64, u64),
    /// How many of a thousand callbacks are sent twice.
    pub callback_repeat: u32,
    /// How many of a thousand callbacks are swapped with the next one.
    pub callback_swap: u32,
    /// How often a refused callback is sent; the reference promises no second attempt.
    pub callback_tries: u32,
    /// Newer releases give each element a `messageId`.
    pub message_ids: bool,
    /// Whether the first `AGENT` only opens the conversation.
    pub greeting: Greeting,
    /// A conversation that is idle for this long is closed.
    pub idle_seconds: u64,
    /// Names of the assignment groups.
    pub groups: Vec<String>,
    pub journal: Journal,
    /// What an agent writes into `close_notes`.
    pub resolution: String,
    pub time: Time,
    pub seed: u64,
}

/// Whether the bot has to greet before an agent is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    Never,
    /// Not when the context variable `live_agent_only` is `true`.
    UnlessLiveAgentOnly,
    Always,
}

/// Whether the integration user may read `sys_journal_field`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    Readable,
    /// The rules for rows hide everything: an empty list.
    Hidden,
    /// The rule for the table forbids it: 403.
    Forbidden,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            username: "integration".to_owned(),
            password: "integration's password".to_owned(),
            client_id: "client".to_owned(),
            client_secret: "client's secret".to_owned(),
            token_seconds: 1799,
            proof: Proof::Token("static token".to_owned()),
            callback: None,
            callback_headers: Vec::new(),
            callback_delay_ms: (50, 500),
            callback_repeat: 0,
            callback_swap: 0,
            callback_tries: 1,
            message_ids: true,
            greeting: Greeting::Never,
            idle_seconds: 3_600,
            groups: vec!["Service Desk".to_owned(), "Network".to_owned()],
            journal: Journal::Readable,
            resolution: "The client was restarted.".to_owned(),
            time: Time::default(),
            seed: 0,
        }
    }
}

/// An instance; clones are the same one.
#[derive(Clone)]
pub struct ServiceNow(Arc<Inner>);

struct Inner {
    options: Options,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    callback: Option<String>,
    tokens: Tokens,
    records: Records,
    conversations: Vec<Conversation>,
}

impl ServiceNow {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut rng = Rng::new(options.seed);
        let mut records = Records::default();
        let now = options.time.now();
        records.insert_user(&mut rng, now, &options.username, "Chat Integration");
        for group in &options.groups {
            records.insert_named(&mut rng, now, "sys_user_group", group);
        }
        let state = State {
            rng,
            callback: options.callback.clone(),
            tokens: Tokens::default(),
            records,
            conversations: Vec::new(),
        };
        Self(Arc::new(Inner { options, state: Mutex::new(state) }))
    }

    /// Sets the URL of callbacks.
    pub fn answer_to(&self, url: &str) {
        self.lock().callback = Some(url.to_owned());
    }

    /// Revokes every access token.
    pub fn forget_tokens(&self) {
        self.lock().tokens = Tokens::default();
    }

    /// The fields of a record as the database has them, journal fields aside.
    #[must_use]
    pub fn record(&self, table: &str, sys_id: &str) -> Option<Value> {
        let state = self.lock();
        state.records.find(table, sys_id).map(|row| json!(row))
    }

    /// Sends these elements as a callback of the conversation, as the vendor's own topics would.
    pub fn show(&self, chat: &str, body: &[Value], extra: Value) {
        let mut state = self.lock();
        if let Some(one) = state.conversations.iter_mut().find(|one| one.id == chat) {
            one.tell(body, extra);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Tool for ServiceNow {
    fn title(&self) -> &'static str {
        "ServiceNow"
    }

    fn router(&self) -> Router {
        let list = get(table::list).post(table::create);
        let one = get(table::one).patch(table::update).put(table::update).delete(table::delete);
        Router::new()
            .route("/api/sn_va_as_service/bot/integration", post(bot::integrate))
            .route("/oauth_token.do", post(access::token))
            .route("/api/now/table/{table}", list.clone())
            .route("/api/now/table/{table}/{sys_id}", one.clone())
            .route("/api/now/{version}/table/{table}", list)
            .route("/api/now/{version}/table/{table}/{sys_id}", one)
            .with_state(self.clone())
    }

    fn chats(&self) -> Vec<Chat> {
        let state = self.lock();
        let conversations = state.conversations.iter().map(Conversation::chat);
        conversations.chain(ticket::chats(&state, &self.0.options.username)).collect()
    }

    fn act(&self, chat: &str, act: Act) -> Result<(), String> {
        let now = self.0.options.time.now();
        let mut state = self.lock();
        if let Some(at) = state.conversations.iter().position(|one| one.id == chat) {
            let done = conversation::act(&mut state, at, act, now, self.0.options.message_ids);
            return done.map_err(str::to_owned);
        }
        ticket::act(&mut state, chat, act, now, &self.0.options.resolution)
    }

    fn failure(&self, status: StatusCode) -> Response {
        if status != StatusCode::TOO_MANY_REQUESTS {
            return failure(status, status.canonical_reason().unwrap_or("Failure"), "");
        }
        let mut response = failure(status, "Rate limit exceeded", "Rejected by a rate limit rule");
        let reset = self.0.options.time.now() / 1_000 + 60;
        let headers = response.headers_mut();
        headers.insert("x-ratelimit-limit", HeaderValue::from_static("60"));
        headers.insert("x-ratelimit-reset", HeaderValue::from(reset));
        headers.insert("x-ratelimit-rule", HeaderValue::from_static("integration"));
        response
    }
}

/// The failure response of every interface of an instance.
fn failure(status: StatusCode, message: &str, detail: &str) -> Response {
    let body = json!({ "error": { "message": message, "detail": detail }, "status": "failure" });
    (status, Json(body)).into_response()
}

/// 32 hexadecimal digits.
fn sys_id(rng: &mut Rng) -> String {
    format!("{:016x}{:016x}", rng.number(), rng.number())
}
