//! Events of a chat at `PureConnect`, in one form for both APIs.

use connector::Typing;
use serde::{Deserialize, Serialize};

/// Participant id of the system, on both APIs.
pub(super) const SYSTEM: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Counts from 0 without gaps, in the order of the events.
    pub(super) number: u64,
    /// Id of the participant.
    pub(super) participant: String,
    pub(super) name: Option<String>,
    pub(super) kind: Option<Kind>,
    /// Compact ISO 8601; empty where the API sends no time.
    pub(super) at: String,
    pub(super) payload: Payload,
}

/// The kind of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    WebUser,
    Agent,
    System,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Payload {
    State(State),
    Typing(Typing),
    Said(Said),
    /// An unknown type; only its number counts.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Initializing or alerting.
    Waiting,
    Active,
    Held,
    Disconnected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Plain(String),
    Html(String),
    Url(String),
    File { guid: String, name: String },
}

impl Kind {
    /// A participant that is neither customer nor system is a human agent.
    pub(super) fn of(participant_type: &str) -> Self {
        match participant_type {
            "WebUser" => Self::WebUser,
            "System" => Self::System,
            _ => Self::Agent,
        }
    }
}

impl Said {
    pub(super) fn of(content_type: &str, value: String) -> Self {
        if content_type.starts_with("text/html") { Self::Html(value) } else { Self::Plain(value) }
    }

    fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Html(text) | Self::Url(text) => text,
            Self::File { guid, .. } => guid,
        }
    }
}

impl Event {
    pub(super) fn is_message(&self) -> bool {
        matches!(self.payload, Payload::Said(_))
    }

    /// Recognizes a message whatever its number; 0 for other events.
    pub(super) fn fingerprint(&self) -> u32 {
        let Payload::Said(said) = &self.payload else { return 0 };
        fingerprint(self.kind, said.text())
    }

    /// The same whenever the server sends the event again. `life` counts the restarts of numbers.
    pub(super) fn id(&self, life: u32) -> String {
        format!("{life}:{}:{:x}:{}", self.number, self.fingerprint(), self.at)
    }
}

/// [`Event::fingerprint`] of a text of the visitor.
pub(super) fn own_fingerprint(text: &str) -> u32 {
    fingerprint(Some(Kind::WebUser), text)
}

fn fingerprint(kind: Option<Kind>, text: &str) -> u32 {
    edge::ids::fingerprint(format!("{kind:?} {text}").as_bytes()) as u32
}
