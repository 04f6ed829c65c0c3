//! What both wire APIs can do for a chat, and how their failures are told apart.

use std::collections::BTreeMap;

use connector::{
    Failure, Finding, Typing,
    client::{PacedClient, Request, Response},
};
use machine::{Millis, chat::Line};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::event::Event;

/// Where a chat is and who we are in it. Stored with the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seat {
    /// 0 is the primary server, 1 the backup.
    pub(super) server: usize,
    pub(super) chat: String,
    pub(super) participant: String,
}

/// What a chat is begun with.
pub(super) struct Start {
    pub(super) name: String,
    pub(super) language: String,
    pub(super) notes: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// Empty where it goes another way.
    pub(super) history: Vec<Line>,
    /// Time for lines whose own is not known.
    pub(super) at: Millis,
    pub(super) webhook: Option<String>,
}

/// What a call has told.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// When to poll next.
    pub(super) wait_ms: Option<Millis>,
    pub(super) events: Vec<Event>,
}

/// Why a call has failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// This server is not the active one, or is not there: the other may be.
    Elsewhere(Failure),
    /// This server knows no such chat or participant.
    Lost(String),
    Failed(Failure),
}

impl Trouble {
    /// Whether the call may have been worked off, and its answer told us something.
    pub(super) fn is_loss(&self) -> bool {
        let (Self::Failed(failure) | Self::Elsewhere(failure)) = self else { return false };
        matches!(failure, Failure::Unknown { .. })
    }

    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Elsewhere(failure) | Self::Failed(failure) => failure,
            Self::Lost(detail) => Failure::Gone { detail },
        }
    }
}

/// How a server tells again what it has told, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retells {
    Nothing,
    ByHistory,
    ByReconnect,
}

#[async_trait::async_trait]
pub(super) trait Wire: Send + Sync {
    async fn start(&self, server: usize, start: &Start) -> Result<(Seat, Batch), Trouble>;
    async fn poll(&self, seat: &Seat) -> Result<Batch, Trouble>;
    async fn say(&self, seat: &Seat, text: &str) -> Result<Batch, Trouble>;
    async fn types(&self, seat: &Seat, typing: Typing) -> Result<Batch, Trouble>;
    async fn exit(&self, seat: &Seat) -> Result<(), Trouble>;

    /// Takes the chat of `seat` up on a server. Another participant than before means that
    /// numbers and participants start over.
    async fn reconnect(&self, server: usize, seat: &Seat) -> Result<(Seat, Batch), Trouble>;

    fn retells(&self) -> Retells;

    /// Every message of the chat; `None` where the API or its version has no such thing.
    async fn history(&self, seat: &Seat) -> Result<Option<Batch>, Trouble>;

    async fn file(&self, seat: &Seat, guid: &str, name: &str) -> Result<Response, Trouble>;

    /// Agents who could take a chat, where that can be asked.
    async fn agents_available(&self) -> Result<Option<u64>, Trouble>;

    /// What a webhook was called with; `None` where there are none, or for what cannot be read.
    fn webhook(&self, body: &[u8]) -> Option<Vec<Event>>;

    async fn check(&self) -> Vec<Finding>;
}

/// The servers of a switch-over pair, or the only one.
pub(super) struct Servers {
    pub(super) apis: Vec<PacedClient>,
    /// Of the API, after the base URL and without slashes around it.
    pub(super) root: String,
}

impl Servers {
    /// Sends once. Statuses that mean the same on both APIs are told apart here.
    pub(super) async fn send(
        &self,
        server: usize,
        make: impl FnOnce(String) -> Request,
        path: &str,
    ) -> Result<Response, Trouble> {
        let api = self.apis.get(server).or_else(|| self.apis.first());
        let Some(api) = api else {
            return Err(Trouble::Failed(Failure::refused("no server is configured")));
        };
        let response = api.send(make(format!("{}/{path}", self.root))).await;
        let response = response.map_err(|failure| match failure {
            Failure::Later { .. } => Trouble::Elsewhere(failure),
            failure => Trouble::Failed(failure),
        })?;
        match response.status {
            // The proxy found nobody; whether it had passed anything on, nobody knows.
            502 => Err(Trouble::Elsewhere(Failure::Unknown { detail: "status 502".to_owned() })),
            // This is the backup of the pair.
            503 => Err(Trouble::Elsewhere(response.failure("this server is not active"))),
            _ => Ok(response),
        }
    }

    pub(super) fn url(&self, server: usize) -> String {
        let base = self.apis.get(server).map_or("", |api| api.base().url().as_str());
        format!("{}/{}", base.trim_end_matches('/'), self.root)
    }
}

/// `null` is the same as nothing: one such field must not cost a whole event.
pub(super) fn or_nothing<'de, D, T>(from: D) -> Result<T, D::Error>
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

/// The same of an event.
pub(super) fn number_of_event(value: &Value) -> Option<u64> {
    number(value).and_then(|number| u64::try_from(number).ok())
}

/// A part of a path: what could change the path is escaped.
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
