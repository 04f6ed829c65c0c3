//! `POST <webhook URL>`, platform to bridge, and its reply (contract r1, sections 4.2 to 4.5; r3,
//! sections 6.2 to 6.5; the reply matrix is section 8).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use crate::reading::{self, Invalid};

/// Header of a call: how many milliseconds its receiver has left to answer, when the call is sent.
/// An attempt that is made late in the five seconds has fewer. Our extension.
pub const TIME_LEFT_HEADER: &str = "x-baton-time-left-ms";

/// Revisions of the contract whose bodies cannot be united in one (contract, section 12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Revision {
    #[default]
    R1,
    R2,
    R3,
}

/// A step one or step two body as the platform writes it: the fields of all revisions, unless
/// [`Call::keep_only`] removes those that one revision does not have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call<'a> {
    pub access_token: &'a str,
    pub user_id: &'a str,
    pub bot_id: &'a str,
    /// Id of the visitor's session with the bot (r3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<&'a str>,
    /// Dialogflow session path; r2 leaves it out of step two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<&'a str>,
    pub query_input: QueryInput<'a>,
    pub query_params: QueryParams<'a>,
    /// Step one only: the detectIntent response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialogflow_response: Option<&'a RawValue>,
    /// Step one only, oldest first (r3, contract 13.9).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_history: Option<&'a [Value]>,
    /// What the visitor and the bot said since the last call that the receiver took, because it
    /// could not be reached: items as in `messageHistory`. Our extension.
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    pub missed_messages: &'a [Value],
    /// Step two only, and only when typing calls are on (r3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<&'static str>,
}

impl Call<'_> {
    /// Removes every field that `revision` does not print, for receivers that refuse unknown
    /// fields.
    #[must_use]
    pub fn keep_only(mut self, revision: Revision) -> Self {
        self.query_input.event = None;
        self.missed_messages = &[];
        self.query_params.parameters = None;
        if revision != Revision::R3 {
            self.session_id = None;
            self.message_history = None;
            self.query_params.payload = None;
            self.query_params.webhook_headers = None;
            self.event_type = None;
        }
        let is_step_one = self.dialogflow_response.is_some();
        if is_step_one {
            self.query_params.payload = None;
            self.query_params.webhook_headers = None;
        } else if revision == Revision::R2 {
            self.session = None;
        }
        self
    }
}

/// The input of the query to Dialogflow; `text` is always present (contract 13.14).
#[derive(Serialize)]
pub struct QueryInput<'a> {
    pub text: QueryText<'a>,
    /// The event that was sent instead of the text, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryText<'a> {
    pub text: &'a str,
    pub language_code: &'a str,
}

/// The parameters of the query to Dialogflow.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryParams<'a> {
    /// Always an array; empty for CX, which has none (contract 13.16).
    pub contexts: &'a [Value],
    /// CX session parameters (contract 13.16).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<&'a Map<String, Value>>,
    /// Empty unless the owner allows them: they may hold a visitor's token (contract 13.15).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_headers: Option<&'a Map<String, Value>>,
}

/// A call that only reports an event: no secret in the body, and the reply is ignored (contract
/// r3.1, section 6.4).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventCall<'a> {
    pub user_id: &'a str,
    pub bot_id: &'a str,
    pub session_id: &'a str,
    pub event_type: EventType,
}

/// The event that such a call reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    UserTyping,
    /// Our extension: the visitor ended the live chat (contract 13.26).
    UserLeft,
    /// Our extension: the pause ran out (contract 13.26).
    PauseExpired,
}

/// A webhook call of any revision, as the bridge reads it.
#[derive(Clone, PartialEq)]
pub struct Received {
    pub user_id: String,
    pub bot_id: String,
    /// `accessToken` of the body, where the revision has it.
    pub access_token: Option<String>,
    pub kind: ReceivedKind,
}

#[derive(Clone, PartialEq)]
pub enum ReceivedKind {
    /// `dialogflow_response` is present; `history` is `messageHistory`, empty when absent.
    StepOne {
        text: String,
        language: String,
        dialogflow_response: Value,
        history: Vec<Value>,
        missed: Vec<Value>,
    },
    /// `missed` is `missedMessages`, empty when absent.
    StepTwo {
        text: String,
        language: String,
        missed: Vec<Value>,
    },
    Typing,
    /// The visitor ended the live chat: our extension (contract 13.26).
    UserLeft,
    /// The platform's pause ran out: our extension (contract 13.26).
    PauseExpired,
}

impl Received {
    /// Finds out the kind of call (contract, section 12) and checks the common fields. [`Invalid`]
    /// names the field.
    pub fn parse(body: &[u8]) -> Result<Self, Invalid> {
        let object = reading::object(body)?;
        let user_id = reading::id(&object, "userId", "the chat user's id")?;
        let bot_id = reading::id(&object, "botId", "the bot's id")?;
        let access_token = reading::optional_text(&object, "accessToken")?;
        let event_type = reading::optional_text(&object, "eventType")?;
        let bare = match event_type.as_deref() {
            Some("user_typing") => Some(ReceivedKind::Typing),
            Some("user_left") => Some(ReceivedKind::UserLeft),
            Some("pause_expired") => Some(ReceivedKind::PauseExpired),
            _ => None,
        };
        if let Some(kind) = bare {
            return Ok(Self { user_id, bot_id, access_token, kind });
        }
        let input = object.get("queryInput").unwrap_or(&Value::Null);
        let text = input.pointer("/text/text").or_else(|| input.pointer("/event/name"));
        let text = match text {
            Some(Value::String(text)) => text.clone(),
            Some(other) => {
                let found = reading::kind(other);
                return Err(Invalid::field(
                    "queryInput.text.text",
                    format_args!("is {found}: send a string"),
                ));
            }
            None => {
                return Err(Invalid::missing("queryInput.text.text", "the visitor's message"));
            }
        };
        let language = ["/text/languageCode", "/event/languageCode", "/languageCode"];
        let language = language.iter().find_map(|path| input.pointer(path)?.as_str());
        let language = language.unwrap_or("en").to_owned();
        let items = |name: &str| {
            let items = object.get(name).and_then(Value::as_array);
            items.cloned().unwrap_or_default()
        };
        let missed = items("missedMessages");
        let kind = match object.get("dialogflowResponse") {
            Some(response) if !response.is_null() => ReceivedKind::StepOne {
                text,
                language,
                dialogflow_response: response.clone(),
                history: items("messageHistory"),
                missed,
            },
            _ => ReceivedKind::StepTwo { text, language, missed },
        };
        Ok(Self { user_id, bot_id, access_token, kind })
    }
}

/// The response of the bridge: exactly these two fields.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub paused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "reading::write_minutes")]
    pub minutes_paused: Option<f64>,
}

impl Answer {
    /// A human agent has control for `pause_ms` milliseconds.
    #[must_use]
    pub fn paused(pause_ms: i64) -> Self {
        Self { paused: true, minutes_paused: Some(pause_ms as f64 / 60_000.0) }
    }

    /// The bot has control, under every reading of the contract (section 12).
    #[must_use]
    pub fn ended() -> Self {
        Self { paused: false, minutes_paused: Some(0.0) }
    }

    /// The handover is refused; the bot keeps control.
    #[must_use]
    pub fn refused() -> Self {
        Self { paused: false, minutes_paused: None }
    }
}

/// A complete reply that came in time, as the platform reads it (contract, section 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Length of the pause in milliseconds; `None` when `minutesPaused` is missing or not a number:
    /// the default length.
    Paused(Option<i64>),
    Refused,
    /// Counts as no reply; the text is the reason, for the log of calls.
    Invalid(String),
}

impl Reply {
    /// Everything but a valid body with a 2xx status is [`Reply::Invalid`].
    #[must_use]
    pub fn parse(status: u16, body: &[u8]) -> Self {
        if !(200..300).contains(&status) {
            return Self::Invalid(format!("status {status}"));
        }
        let object = match reading::object(body) {
            Ok(object) => object,
            Err(error) => return Self::Invalid(error.message),
        };
        match object.get("paused") {
            Some(Value::Bool(true)) => {
                let minutes = object.get("minutesPaused").and_then(reading::number);
                Self::Paused(minutes.map(reading::minutes))
            }
            Some(Value::Bool(false)) => Self::Refused,
            Some(other) => Self::Invalid(format!("`paused` is {}", reading::kind(other))),
            None => Self::Invalid("`paused` is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
