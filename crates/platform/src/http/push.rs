//! `POST /webhooks/handover/push`, bridge to platform (contract, sections 4.6, 6.6 and 12; answers
//! section 15). Any revision's push is taken, with the key in the body or in the header.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use edge::{
    http::{ApiError, json, read_body},
    ids, secrets,
    signature::SignedId,
    time::rfc3339,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use machine::{
    Millis,
    conversation::{Agent, Conversation, Goodbye, Input, PauseChange, Push as Pushed, Refusal},
    limits,
};
use serde_json::{Value, json};
use store::{Key, StepError};
use wire::{
    Invalid,
    push::{self, Pause, Push, PushKind, UnpauseChatEvent},
    secret::from_authorization,
};

use super::problem;
use crate::{app::App, bot::Bot, events, limit, visitors};

pub(super) async fn receive(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match accept(&app, &headers, body).await {
        Ok(state) => {
            let until = state.paused_until().map(rfc3339);
            json(StatusCode::OK, &push::accepted(until.as_deref()))
        }
        Err(refused) => refused.into_response(),
    }
}

pub(super) async fn method_not_allowed() -> Response {
    Refused::new(405, "method_not_allowed", "send a POST").into_response()
}

async fn accept(app: &Arc<App>, headers: &HeaderMap, body: Body) -> Result<Conversation, Refused> {
    if !problem::may_be_json(headers) {
        return Err(Refused::new(415, "not_json", "send Content-Type: application/json"));
    }
    let body = read_body(body, limits::BODY_BYTES_MAX).await?;
    let (push, bot) = read(app, headers, &body)?;
    let signing = bot.config.push_signing.as_ref();
    let signed = signing.map(|signing| signing.signed_id(headers, &body, app.clock.now()));
    let signed =
        signed.transpose().map_err(|error| Refused::new(401, "unauthorized", error.to_string()))?;
    let key = key(headers, signed.flatten().as_ref(), &push)?;
    let conversation = visitors::conversation_of(&push.user_id).ok_or_else(unknown)?;
    let (kind, profile) = (push.kind.clone(), push.agent.clone());
    let now = app.clock.now();
    let last = last_agent(&bot, &conversation, &push).await?;
    let input = Input::Pushed(pushed(push, last));
    let stepped = app.step(&bot, &conversation, key, input).await?;
    if !stepped.repeated {
        let agent = profile.map(agent).or_else(|| stepped.state.agent().cloned());
        match kind {
            PushKind::Typing => send_typing(&bot, &conversation, agent.as_ref(), now),
            // A message ends the typing at once, also for a page that opens only now.
            PushKind::Message { .. } => bot.ledger.send_ephemeral(&conversation, "", now),
            PushKind::ChannelUpdate => {}
        }
    }
    app.drive(&bot, &conversation, Conversation::clone(&stepped.state));
    Ok(Arc::unwrap_or_clone(stepped.state))
}

/// The agent types: shown for ten seconds, or until the next ephemeral event or message.
fn send_typing(bot: &Bot, conversation: &str, agent: Option<&Agent>, now: Millis) {
    let until = now + limits::TYPING_MS;
    if let Some(event) = events::typing(agent, now, until) {
        bot.ledger.send_ephemeral(conversation, &event, until);
    }
}

/// A push and the bot it may speak to. Without any valid key nothing is learned: not which bots or
/// users there are, nor what is wrong with the fields.
fn read(app: &App, headers: &HeaderMap, body: &Bytes) -> Result<(Push, Arc<Bot>), Refused> {
    let parsed = Push::parse(body);
    let in_body = match &parsed {
        Ok(push) => push.access_token.clone(),
        Err(invalid) => match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => {
                object.get("accessToken").and_then(Value::as_str).map(str::to_owned)
            }
            // Not even an object, so there is no place for a key in it either.
            _ => return Err(invalid.clone().into()),
        },
    };
    let in_headers = headers.get_all(header::AUTHORIZATION).iter();
    let in_headers = in_headers.filter_map(|value| value.to_str().ok()).map(from_authorization);
    let presented: Vec<&str> = in_headers.chain(in_body.as_deref()).collect();
    let open = opened(app, &presented);
    if open.is_empty() {
        return Err(Refused::new(401, "unauthorized", "present a valid push key"));
    }
    let push = parsed?;
    text_fits(&push)?;
    if let Some(bot) = open.into_iter().find(|bot| bot.config.id == push.bot_id) {
        return Ok((push, bot));
    }
    // A bridge may take 404 for the end of the chat; a key in the wrong place can be put right.
    if app.bots.contains_key(&push.bot_id) {
        return Err(Refused::new(403, "forbidden", "present a push key of this bot"));
    }
    Err(unknown())
}

fn text_fits(push: &Push) -> Result<(), Refused> {
    let PushKind::Message { text } = &push.kind else { return Ok(()) };
    let (chars, max) = (text.chars().count(), limit::AGENT_TEXT_CHARS_MAX);
    if chars <= max {
        return Ok(());
    }
    let message = format!("`text` has {chars} characters: send at most {max}");
    Err(Refused::new(400, "invalid_field", message).at("text"))
}

/// All bots one of these secrets opens. Every key is compared, whatever the ones before gave.
fn opened(app: &App, presented: &[&str]) -> Vec<Arc<Bot>> {
    let mut open = Vec::new();
    for bot in app.bots.values() {
        let webhook = bot.config.webhook.as_ref().filter(|_| bot.config.webhook_token_pushes);
        let token = webhook.map(|webhook| webhook.token.clone().into());
        let by_key = secrets::any_matches(&bot.config.push_keys, presented);
        if by_key | secrets::any_matches(token.as_slice(), presented) {
            open.push(Arc::clone(bot));
        }
    }
    open
}

fn unknown() -> Refused {
    Refused::new(404, "not_found", "there is no such bot or user")
}

/// What tells a repeat: the id that was signed, the header, or our extension of the body (contract
/// 13.28).
fn key(
    headers: &HeaderMap,
    signed: Option<&SignedId>,
    push: &Push,
) -> Result<Option<Key>, Refused> {
    let from_header = headers.get(HeaderName::from_static("idempotency-key"));
    let (id, field) = match (signed, from_header, &push.message_id) {
        (Some(id), ..) => (id.as_str(), "webhook-id"),
        (None, Some(id), _) => (id.to_str().unwrap_or_default(), "Idempotency-Key"),
        (None, None, Some(id)) => (id.as_str(), "messageId"),
        (None, None, None) => return Ok(None),
    };
    if id.is_empty() || id.chars().count() > limit::PUSH_ID_CHARS_MAX {
        let max = limit::PUSH_ID_CHARS_MAX;
        let message = format!("`{field}` must have 1 to {max} plain characters");
        return Err(Refused::new(400, "invalid_field", message).at(field));
    }
    Ok(Some(Key { id: format!("push:{id}"), fingerprint: print(push) }))
}

/// Of what the push means, whichever way it is spelled and whichever key it came with.
fn print(push: &Push) -> u64 {
    let (kind, text) = match &push.kind {
        PushKind::Message { text } => ("message", text.as_str()),
        PushKind::ChannelUpdate => ("channel_update", ""),
        PushKind::Typing => ("user_typing", ""),
    };
    let agent = push.agent.as_ref().map(|agent| json!([agent.name, agent.avatar_url]));
    let pause = match &push.pause {
        Pause::Unsaid => Value::Null,
        Pause::Paused(length) => json!([true, length]),
        Pause::Resumed(UnpauseChatEvent::Default) => json!([false]),
        Pause::Resumed(UnpauseChatEvent::None) => json!([false, null]),
        Pause::Resumed(UnpauseChatEvent::Event(name)) => json!([false, name]),
    };
    ids::fingerprint(json!([kind, text, agent, pause]).to_string().as_bytes())
}

/// Who says goodbye in a resume that has no place for a name, as r3 sends it: the agent last named
/// in this conversation. With the key in the body, r1 and r2, only the push's own name counts
/// (contract 13.8).
async fn last_agent(bot: &Bot, conversation: &str, push: &Push) -> Result<Option<Agent>, Refused> {
    let is_r3 = push.access_token.is_none();
    if !is_r3 || push.agent.is_some() || !matches!(push.pause, Pause::Resumed(_)) {
        return Ok(None);
    }
    let state = bot.ledger.load(conversation).await.map_err(|error| problem::store(&error))?;
    Ok(state.and_then(|state| state.agent().cloned()))
}

fn pushed(push: Push, last: Option<Agent>) -> Pushed {
    let pause = match push.pause {
        Pause::Unsaid => PauseChange::Keep,
        Pause::Paused(length) => PauseChange::Pause(length),
        Pause::Resumed(event) => PauseChange::Resume(match event {
            UnpauseChatEvent::Default => Goodbye::Notice,
            UnpauseChatEvent::None => Goodbye::Nothing,
            UnpauseChatEvent::Event(name) => Goodbye::Event(name),
        }),
    };
    let agent = push.agent.map(agent).or(last);
    match push.kind {
        PushKind::Message { text } => Pushed::Message { text, agent, pause },
        PushKind::ChannelUpdate => Pushed::Channel { agent, pause },
        PushKind::Typing => Pushed::Typing { agent, pause },
    }
}

fn agent(profile: push::AgentProfile) -> Agent {
    Agent { name: profile.name, avatar_url: profile.avatar_url }
}

/// A refusal in the contract's own shape.
struct Refused {
    status: u16,
    code: &'static str,
    message: String,
    field: Option<String>,
}

impl Refused {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None }
    }

    fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        Self { field: invalid.field, ..Self::new(400, invalid.code, invalid.message) }
    }
}

impl From<ApiError> for Refused {
    fn from(ApiError(problem): ApiError) -> Self {
        Self { field: problem.field, ..Self::new(problem.status, problem.id, problem.detail) }
    }
}

impl From<StepError<Refusal>> for Refused {
    fn from(error: StepError<Refusal>) -> Self {
        match error {
            StepError::NotFound => unknown(),
            StepError::KeyReused => {
                Self::new(422, "id_reused", "this id was used for another push: use a new one")
            }
            StepError::Refused(Refusal::TooManyWaiting) => {
                Self::new(429, "too_many_waiting", "try again in a moment")
            }
            StepError::Store(error) => problem::store(&error).into(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response =
            json(status, &push::refused(self.code, &self.message, self.field.as_deref()));
        let headers = response.headers_mut();
        match self.status {
            405 => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST"))),
            429 | 503 => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => {}
        }
        response
    }
}
