//! What ICWS and Web Tools have in common: the calls of a chat, their replies, and why they fail.

use std::collections::BTreeMap;

use connector::{
    Failure, Finding, Typing,
    client::{PacedClient, Request, Response},
};
use machine::{Millis, chat::Line};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{
    event::Event,
    settings::{Context, QueueType},
};

/// A chat at a server, and our participant in it. Stored with the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChatRef {
    /// 0 is the primary server, 1 the backup.
    pub(super) server: usize,
    pub(super) chat: String,
    pub(super) participant: String,
}

/// What a chat is started with.
pub(super) struct StartRequest {
    pub(super) name: String,
    pub(super) language: String,
    pub(super) notes: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// Empty where the transcript is sent as a message.
    pub(super) history: Vec<Line>,
    /// Time of lines without one.
    pub(super) at: Millis,
    pub(super) webhook: Option<String>,
}

/// The reply to a call.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// How long the server asks us to wait before the next poll.
    pub(super) wait_ms: Option<Millis>,
    pub(super) events: Vec<Event>,
}

/// Why a call has failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// This server is not the active one or cannot be reached; the other may be.
    OtherServer(Failure),
    /// This server knows no such chat or participant.
    UnknownChat(String),
    Failed(Failure),
}

impl CallError {
    /// Whether the server may have done the call, so that events in its reply are lost.
    pub(super) fn is_lost_reply(&self) -> bool {
        let (Self::Failed(failure) | Self::OtherServer(failure)) = self else { return false };
        matches!(failure, Failure::Unknown { .. })
    }

    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::OtherServer(failure) | Self::Failed(failure) => failure,
            Self::UnknownChat(detail) => Failure::Gone { detail },
        }
    }
}

/// How a server can be made to send events again that it has sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    None,
    /// By `message-history`.
    History,
    /// By `reconnect`.
    Reconnect,
}

#[async_trait::async_trait]
pub(super) trait ChatApi: Send + Sync {
    async fn start(
        &self,
        server: usize,
        start: &StartRequest,
    ) -> Result<(ChatRef, Batch), CallError>;
    async fn poll(&self, chat_ref: &ChatRef) -> Result<Batch, CallError>;
    async fn say(&self, chat_ref: &ChatRef, text: &str) -> Result<Batch, CallError>;
    async fn types(&self, chat_ref: &ChatRef, typing: Typing) -> Result<Batch, CallError>;
    async fn exit(&self, chat_ref: &ChatRef) -> Result<(), CallError>;

    /// Continues the chat on a server. When the participant changes, event numbers and the ids of
    /// participants start over.
    async fn reconnect(
        &self,
        server: usize,
        chat_ref: &ChatRef,
    ) -> Result<(ChatRef, Batch), CallError>;

    fn replay(&self) -> Replay;

    /// Every message of the chat; `None` where the API or its version has no such call.
    async fn history(&self, chat_ref: &ChatRef) -> Result<Option<Batch>, CallError>;

    async fn file(&self, chat_ref: &ChatRef, guid: &str, name: &str)
    -> Result<Response, CallError>;

    /// Number of human agents who could take a chat; `None` where the server does not say.
    async fn agents_available(&self) -> Result<Option<u64>, CallError>;

    /// Events of a webhook call; `None` where the API has no webhooks or the body cannot be read.
    fn webhook(&self, body: &[u8]) -> Option<Vec<Event>>;

    async fn check(&self) -> Vec<Finding>;
}

/// Where chats go.
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) kind: QueueType,
    pub(super) contexts: Vec<Context>,
}

/// The servers of a switch-over pair, or the only one.
pub(super) struct Servers {
    pub(super) apis: Vec<PacedClient>,
    /// Path of the API below the base URL, without slashes around it.
    pub(super) root: String,
}

impl Servers {
    /// Sends once. Handles the statuses that mean the same on both APIs.
    pub(super) async fn send(
        &self,
        server: usize,
        make: impl FnOnce(String) -> Request,
        path: &str,
    ) -> Result<Response, CallError> {
        let api = self.apis.get(server).or_else(|| self.apis.first());
        let Some(api) = api else {
            return Err(CallError::Failed(Failure::refused("no server is configured")));
        };
        let response = api.send(make(format!("{}/{path}", self.root))).await;
        let response = response.map_err(|failure| match failure {
            Failure::Later { .. } => CallError::OtherServer(failure),
            failure => CallError::Failed(failure),
        })?;
        match response.status {
            // The proxy got no reply. The server may have done the call.
            502 => {
                Err(CallError::OtherServer(Failure::Unknown { detail: "status 502".to_owned() }))
            }
            // This server is the backup at present.
            503 => Err(CallError::OtherServer(
                response.failure("this server is not the active one of the pair"),
            )),
            _ => Ok(response),
        }
    }

    pub(super) fn url(&self, server: usize) -> String {
        let base = self.apis.get(server).map_or("", |api| api.base().url().as_str());
        format!("{}/{}", base.trim_end_matches('/'), self.root)
    }
}

/// Reads `null` as the default, so that one such field does not lose a whole event.
pub(super) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// A number, or a string of one: the APIs write both.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

/// The number of an event, read like [`number`].
pub(super) fn number_of_event(value: &Value) -> Option<u64> {
    number(value).and_then(|number| u64::try_from(number).ok())
}

/// Escapes everything that could change a path.
pub(super) fn segment(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            safe.push(char::from(byte));
        } else if byte == b'.' && !text.trim_matches('.').is_empty() {
            safe.push('.');
        } else {
            safe.push('%');
            safe.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
        }
    }
    safe
}
