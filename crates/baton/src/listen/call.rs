//! Reads a call: its kind, its user and bot, and where it breaks the contract.
//!
//! `baton listen` and `baton trigger` use it. It has no side effects. A call that breaks the
//! contract is read as far as possible, because its author wants to see it.

use http::{HeaderMap, header};
use serde_json::Value;
use wire::{push::Push, secret::from_authorization, webhook::Received};

/// Longer message texts are cut to this length.
const SHOWN_CHARS_MAX: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    StepOne,
    StepTwo,
    UserTyping,
    UserLeft,
    PauseExpired,
    Message,
    Pause,
    Resume,
    Typing,
    Unknown,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StepOne => "step one",
            Self::StepTwo => "step two",
            Self::UserTyping => "user typing",
            Self::UserLeft => "user left",
            Self::PauseExpired => "pause expired",
            Self::Message => "push message",
            Self::Pause => "push pause",
            Self::Resume => "push resume",
            Self::Typing => "push typing",
            Self::Unknown => "unknown",
        }
    }
}

/// The facts that a call contains.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) kind: Kind,
    pub(crate) user: String,
    pub(crate) bot: String,
    pub(crate) text: String,
    /// Each warning names the field and what to do.
    pub(crate) warnings: Vec<String>,
}

/// Platform to middleware.
pub(crate) fn webhook(headers: &HeaderMap, bytes: &[u8]) -> Seen {
    let body: Value = wire::json::read(bytes).unwrap_or_default();
    let kind = webhook_kind(&body);
    let mut warnings = secret_warnings(headers, &body);
    if matches!(kind, Kind::StepOne | Kind::StepTwo | Kind::Unknown) {
        warnings.extend(Received::parse(bytes).err().map(|invalid| invalid.message));
    } else {
        let missing = ["userId", "botId"].into_iter().filter(|field| text(&body, field).is_empty());
        warnings.extend(missing.map(|field| format!("`{field}` is missing: send its id")));
        if body.get("accessToken").is_some() {
            warnings.push(
                "`accessToken` is in the body: send it only in the header of this call".to_owned(),
            );
        }
    }
    let input = body.get("queryInput");
    let said = input.and_then(|input| {
        let said = input.pointer("/text/text").or_else(|| input.pointer("/event/name"));
        said.and_then(Value::as_str)
    });
    seen(kind, &body, said.unwrap_or_default(), warnings)
}

fn webhook_kind(body: &Value) -> Kind {
    match text(body, "eventType") {
        "user_typing" => Kind::UserTyping,
        "user_left" => Kind::UserLeft,
        "pause_expired" => Kind::PauseExpired,
        _ if body.get("dialogflowResponse").is_some_and(|response| !response.is_null()) => {
            Kind::StepOne
        }
        _ if body.get("queryInput").is_some() => Kind::StepTwo,
        _ => Kind::Unknown,
    }
}

/// Middleware to platform.
pub(crate) fn push(headers: &HeaderMap, bytes: &[u8]) -> Seen {
    let body: Value = wire::json::read(bytes).unwrap_or_default();
    let paused = match body.get("paused") {
        Some(Value::Bool(paused)) => Some(*paused),
        Some(Value::String(text)) => text.to_lowercase().parse().ok(),
        _ => None,
    };
    let event = text(&body, "eventType");
    let kind = match (event, paused) {
        ("message", _) => Kind::Message,
        ("channel_update", Some(false)) => Kind::Resume,
        ("channel_update", _) => Kind::Pause,
        ("user_typing" | "agent_typing", _) => Kind::Typing,
        _ => Kind::Unknown,
    };
    let mut warnings = secret_warnings(headers, &body);
    warnings.extend(Push::parse(bytes).err().map(|invalid| invalid.message));
    if !headers.contains_key(header::CONTENT_TYPE) {
        warnings.push("`Content-Type` is missing: send application/json".to_owned());
    }
    if event == "agent_typing" {
        warnings.push("`eventType` is agent_typing: newer revisions use user_typing".to_owned());
    }
    if kind == Kind::Message && paused.is_none() {
        warnings.push("`paused` is missing: send true to keep the pause".to_owned());
    }
    warnings.extend(strings_for(&body, &["paused", "minutesPaused"]));
    seen(kind, &body, text(&body, "text"), warnings)
}

/// Warnings for fields that hold strings where the contract asks for other types.
pub(crate) fn strings_for(body: &Value, fields: &[&str]) -> Vec<String> {
    let strings = fields.iter().filter(|field| body.get(**field).is_some_and(Value::is_string));
    strings
        .map(|field| format!("`{field}` is a string: send it bare, strict readers refuse strings"))
        .collect()
}

fn secret_warnings(headers: &HeaderMap, body: &Value) -> Vec<String> {
    let in_header = headers.get(header::AUTHORIZATION);
    let in_header = in_header.and_then(|value| value.to_str().ok()).map(from_authorization);
    let in_body = body.get("accessToken").and_then(Value::as_str);
    let wrong = match (in_header, in_body) {
        (None, None) => "no secret: send it in `Authorization` or as `accessToken`",
        (Some(""), _) | (_, Some("")) => "the secret is empty",
        (Some(one), Some(other)) if one != other => {
            "`Authorization` and `accessToken` hold different secrets: send the same"
        }
        _ => return Vec::new(),
    };
    vec![wrong.to_owned()]
}

fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn seen(kind: Kind, body: &Value, said: &str, warnings: Vec<String>) -> Seen {
    let (user, bot) = (plain(text(body, "userId")), plain(text(body, "botId")));
    Seen { kind, user, bot, text: plain(said), warnings }
}

/// Shortens `text` for one line and replaces characters that control a terminal.
pub(crate) fn plain(text: &str) -> String {
    let controls =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace(controls, " ")
}
