//! `POST /webhooks/handover/push`, bridge to platform (contract, sections 4.6, 6.6, 10 and 12;
//! responses section 15).

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    MessageFormat, profile,
    reading::{self, Invalid},
};

/// Path of the push endpoint.
pub const PATH: &str = "/webhooks/handover/push";

/// A push of any revision, as the platform reads it.
#[derive(Clone, PartialEq)]
pub struct Push {
    pub user_id: String,
    pub bot_id: String,
    /// Body `accessToken` (r1, r2).
    pub access_token: Option<String>,
    /// Our extension: the platform recognizes a repeated push by it, as by `Idempotency-Key`.
    pub message_id: Option<String>,
    pub agent: Option<AgentProfile>,
    pub pause: Pause,
    pub kind: PushKind,
}

#[derive(Clone, PartialEq, Eq)]
pub enum PushKind {
    Message {
        text: String,
        /// Our extension: whether the text is Markdown.
        format: MessageFormat,
    },
    ChannelUpdate,
    /// `user_typing`, or `agent_typing` as in the scope of r1 (contract 13.1).
    Typing,
}

/// The current human agent. A name is cleaned and cut, an address that leads to no picture of the
/// web is left out; an empty or blank name counts as none ([`profile`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentProfile {
    pub name: Option<String>,
    pub avatar_url: String,
}

/// The part of a push about the pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// `paused` is absent.
    Unsaid,
    /// `paused: true`, with the length in milliseconds; `None`: the default length.
    Paused(Option<i64>),
    Resumed(UnpauseChatEvent),
}

/// `unpauseChatEvent` (contract, section 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnpauseChatEvent {
    /// Missing, empty, or `default`: the leave notice.
    Default,
    None,
    /// A Dialogflow event to send instead.
    Event(String),
}

impl Push {
    /// Reads a push of any revision (contract, section 12). [`Invalid`] names the field.
    pub fn parse(body: &[u8]) -> Result<Self, Invalid> {
        let object = reading::object(body)?;
        let user_id = reading::id(&object, "userId", "the userId of the webhook call")?;
        let bot_id = reading::id(&object, "botId", "the botId of the webhook call")?;
        let access_token = reading::optional_text(&object, "accessToken")?;
        let message_id = reading::optional_text(&object, "messageId")?;
        reading::printable("messageId", message_id.as_deref().unwrap_or_default())?;
        let agent = agent_profile(&object)?;
        let pause = pause(&object)?;
        let kind = kind(&object)?;
        if kind == PushKind::ChannelUpdate && pause == Pause::Unsaid {
            return Err(Invalid::missing("paused", "true or false with a channel_update"));
        }
        Ok(Self { user_id, bot_id, access_token, message_id, agent, pause, kind })
    }
}

fn kind(object: &Map<String, Value>) -> Result<PushKind, Invalid> {
    let known = "`message`, `channel_update` or `user_typing`";
    match reading::text(object, "eventType", known)?.as_str() {
        "message" => {
            let text = reading::text(object, "text", "what the agent said")?;
            if profile::is_blank(&text) {
                return Err(Invalid::field("text", "is blank: send what the agent said"));
            }
            Ok(PushKind::Message { text, format: MessageFormat::beside(object) })
        }
        "channel_update" => Ok(PushKind::ChannelUpdate),
        "user_typing" | "agent_typing" => Ok(PushKind::Typing),
        _ => Err(Invalid::field("eventType", format_args!("is not known: send {known}"))),
    }
}

fn agent_profile(object: &Map<String, Value>) -> Result<Option<AgentProfile>, Invalid> {
    let profile = match object.get("agentProfile") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(profile)) => profile,
        Some(other) => {
            let found = reading::kind(other);
            return Err(Invalid::field(
                "agentProfile",
                format_args!("is {found}: send an object with name and avatarUrl"),
            ));
        }
    };
    let within = |error: Invalid| error.under("agentProfile");
    let name = reading::optional_text(profile, "name").map_err(within)?;
    let name = name.map(|name| profile::name(&name)).filter(|name| !name.is_empty());
    let avatar_url = reading::optional_text(profile, "avatarUrl").map_err(within)?;
    let avatar_url = avatar_url.map(|url| profile::avatar_url(&url)).unwrap_or_default();
    Ok(Some(AgentProfile { name, avatar_url }))
}

fn pause(object: &Map<String, Value>) -> Result<Pause, Invalid> {
    let paused = match object.get("paused") {
        None | Some(Value::Null) => return Ok(Pause::Unsaid),
        Some(value) => reading::boolean(value).ok_or_else(|| {
            let found = reading::kind(value);
            Invalid::field("paused", format_args!("is {found}: send true or false"))
        })?,
    };
    if !paused {
        let event = reading::optional_text(object, "unpauseChatEvent")?.unwrap_or_default();
        reading::printable("unpauseChatEvent", &event)?;
        return Ok(Pause::Resumed(match event.trim() {
            "" | "default" => UnpauseChatEvent::Default,
            "none" => UnpauseChatEvent::None,
            event => UnpauseChatEvent::Event(event.to_owned()),
        }));
    }
    match object.get("minutesPaused") {
        None | Some(Value::Null) => Ok(Pause::Paused(None)),
        Some(value) => match reading::number(value) {
            Some(minutes) => Ok(Pause::Paused(Some(reading::minutes(minutes)))),
            None => Err(Invalid::field("minutesPaused", "is not a number: send minutes, e.g. 10")),
        },
    }
}

/// A push as the bridge writes it: the fields that receivers of all revisions look for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PushBody<'a> {
    /// The key, unless it is sent in the header only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<&'a str>,
    pub event_type: &'static str,
    pub user_id: &'a str,
    pub bot_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    /// Our extension: `plain` with a text that is shown as typed. Without it a text is Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<MessageFormat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "reading::write_minutes")]
    pub minutes_paused: Option<f64>,
    /// What the platform does instead of its leave notice; with a resume only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unpause_chat_event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_profile: Option<AgentProfileBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentProfileBody<'a> {
    pub name: &'a str,
    pub avatar_url: &'a str,
}

/// The response to an accepted push; `paused_until` is RFC 3339 or null.
#[must_use]
pub fn accepted(paused_until: Option<&str>) -> Value {
    json!({ "ok": true, "paused": paused_until.is_some(), "pausedUntil": paused_until })
}

/// The response to a refused push (contract, section 15).
#[must_use]
pub fn refused(code: &str, message: &str, field: Option<&str>) -> Value {
    json!({ "ok": false, "error": { "code": code, "message": message, "field": field } })
}

#[cfg(test)]
mod tests;
