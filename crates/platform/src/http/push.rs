//! `POST /webhooks/handover/push`, bridge to platform (contract, sections 4.6, 6.6 and 12; answers
//! in section 15). Pushes of every revision are accepted, with the key in the body or the header.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use edge::{
    http::{SentBy, json, parse_body, read_body},
    limits::Client,
    signature::SignedId,
    time::rfc3339,
};
use http::{HeaderMap, HeaderName, StatusCode, header};
use machine::{
    Millis, TextFormat,
    conversation::{Conversation, Goodbye, HumanAgent, Input, PauseChange, PushInput},
    limits,
};
use serde_json::Value;
use store::Key;
use wire::{
    Invalid, MessageFormat,
    push::{self, Pause, Push, PushKind, UnpauseChatEvent},
    secret::from_authorization,
};

use super::{error::may_be_json, fingerprint};
use crate::{app::App, bot::Bot, events, limit, visitors};

mod refused;

use refused::Refused;

pub(super) async fn receive(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match accept(&app, &client, &headers, body).await {
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

async fn accept(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    body: Body,
) -> Result<Arc<Conversation>, Refused> {
    if !may_be_json(headers) {
        return Err(Refused::new(415, "not_json", "send Content-Type: application/json"));
    }
    // The secret in a header is checked before there is a body.
    let (body, sender) = if app.bots.opened_by(&in_headers(headers)).is_empty() {
        let body = client.read_unproven(body, limit::UNPROVEN_PUSH_BYTES_MAX).await??;
        (body, SentBy::Stranger)
    } else {
        (read_body(body, limits::BODY_BYTES_MAX, SentBy::Known).await?, SentBy::Known)
    };
    let parsed = parse_body(body.clone(), sender, |body| Parsed::of(body)).await?;
    let (push, bot) = read(app, client, headers, parsed)?;
    let signing = bot.config.push_signing.as_ref();
    let signed = signing.map(|signing| signing.signed_id(headers, &body, &app.clock));
    let signed = match signed.transpose() {
        Ok(signed) => signed,
        Err(error) => {
            client.failed_call()?;
            return Err(Refused::new(401, "unauthorized", error.to_string()));
        }
    };
    // Its place in memory is for others while the push is stored.
    drop(body);
    let key = key(headers, signed.flatten().as_ref(), &push)?;
    let conversation = visitors::conversation_of(&push.user_id).ok_or_else(Refused::unknown)?;
    let typing = (push.kind == PushKind::Typing).then(|| push.agent.clone());
    let last = last_agent(&bot, &conversation, &push).await?;
    let input = Input::Pushed(pushed(push, last));
    let stepped = app.step(&bot, &conversation, key, input).await?;
    // Not stored, so it is lost with a caller who is gone; a bridge repeats it.
    if let Some(profile) = typing
        && !stepped.repeated
    {
        let agent = profile.map(human_agent).or_else(|| stepped.state.agent().cloned());
        show_typing(&bot, &conversation, agent.as_ref(), app.clock.now());
    }
    Ok(stepped.state)
}

/// Shows that the human agent types: for ten seconds, or until the next ephemeral event or message.
fn show_typing(bot: &Bot, conversation: &str, agent: Option<&HumanAgent>, now: Millis) {
    let until = now + limits::TYPING_MS;
    if let Some(event) = events::typing(agent, now, until) {
        bot.ledger.send_ephemeral(conversation, &event, until);
    }
}

/// What a body holds, and the key in it even when the rest is wrong.
struct Parsed {
    push: Result<Push, Invalid>,
    /// `Err` for a body that is no object, so it cannot hold a key.
    key: Result<Option<String>, Invalid>,
}

impl Parsed {
    fn of(body: &[u8]) -> Self {
        let push = Push::parse(body);
        let key = match &push {
            Ok(push) => Ok(push.access_token.clone()),
            Err(invalid) => match wire::json::read(body) {
                Ok(Value::Object(object)) => {
                    Ok(object.get("accessToken").and_then(Value::as_str).map(str::to_owned))
                }
                _ => Err(invalid.clone()),
            },
        };
        Self { push, key }
    }
}

fn in_headers(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(header::AUTHORIZATION).iter();
    values.filter_map(|value| value.to_str().ok()).map(from_authorization).collect()
}

/// A push and its bot. A caller without a valid key learns nothing: neither which bots and users
/// there are, nor which field is wrong.
fn read(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    parsed: Parsed,
) -> Result<(Push, Arc<Bot>), Refused> {
    let mut presented = in_headers(headers);
    presented.extend(parsed.key.as_ref().ok().and_then(Option::as_deref));
    let open = app.bots.opened_by(&presented);
    if open.is_empty() {
        client.failed_call()?;
        // A body that cannot be read may hold a key.
        parsed.key?;
        return Err(Refused::new(401, "unauthorized", "present a valid push key"));
    }
    let push = parsed.push?;
    text_fits(&push)?;
    if let Some(bot) = open.into_iter().find(|bot| bot.config.id == push.bot_id) {
        return Ok((push, bot));
    }
    // A bridge may read 404 as the end of the chat, but a wrong key can be corrected.
    if app.bots.get(&push.bot_id).is_some() {
        return Err(Refused::new(403, "forbidden", "present a push key of this bot"));
    }
    Err(Refused::unknown())
}

fn text_fits(push: &Push) -> Result<(), Refused> {
    let PushKind::Message { text, .. } = &push.kind else { return Ok(()) };
    let (chars, max) = (text.chars().count(), limit::AGENT_TEXT_CHARS_MAX);
    if chars <= max {
        return Ok(());
    }
    let message = format!("`text` has {chars} characters: send at most {max}");
    Err(Refused::new(400, "invalid_field", message).at("text"))
}

/// The key that finds repeats: the signed id, the header, or our extension of the body (contract
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
    Ok(Some(Key { id: format!("push:{id}"), fingerprint: fingerprint::of_push(push) }))
}

/// The human agent whom the notice of a resume names when the push has no place for a name, as in
/// r3: the one named last in this conversation. With the key in the body, r1 and r2, only the
/// push's own name counts (contract 13.8).
async fn last_agent(
    bot: &Bot,
    conversation: &str,
    push: &Push,
) -> Result<Option<HumanAgent>, Refused> {
    let is_r3 = push.access_token.is_none();
    if !is_r3 || push.agent.is_some() || !matches!(push.pause, Pause::Resumed(_)) {
        return Ok(None);
    }
    let state = bot.ledger.load(conversation).await?;
    Ok(state.and_then(|state| state.agent().cloned()))
}

fn pushed(push: Push, last: Option<HumanAgent>) -> PushInput {
    let pause = match push.pause {
        Pause::Unsaid => PauseChange::Keep,
        Pause::Paused(length) => PauseChange::Pause(length),
        Pause::Resumed(event) => PauseChange::Resume(match event {
            UnpauseChatEvent::Default => Goodbye::Notice,
            UnpauseChatEvent::None => Goodbye::Nothing,
            UnpauseChatEvent::Event(name) => Goodbye::Event(name),
        }),
    };
    let agent = push.agent.map(human_agent).or(last);
    match push.kind {
        PushKind::Message { text, format } => {
            let format = match format {
                MessageFormat::Markdown => TextFormat::Markdown,
                MessageFormat::Plain => TextFormat::Plain,
            };
            PushInput::Message { text, format, agent, pause }
        }
        PushKind::ChannelUpdate => PushInput::Channel { agent, pause },
        PushKind::Typing => PushInput::Typing { agent, pause },
    }
}

fn human_agent(profile: push::AgentProfile) -> HumanAgent {
    HumanAgent { name: profile.name, avatar_url: profile.avatar_url }
}
