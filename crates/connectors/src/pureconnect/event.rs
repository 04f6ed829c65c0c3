//! What happens in a chat at the tool, in one form for both wire APIs.

use connector::Typing;
use serde::{Deserialize, Serialize};

/// Speaks for the system on both APIs.
pub(super) const SYSTEM: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// From 0, without gaps, in the order in which things happened.
    pub(super) number: u64,
    /// Whose it is.
    pub(super) participant: String,
    pub(super) name: Option<String>,
    pub(super) kind: Option<Kind>,
    /// Compact ISO 8601, where the API tells.
    pub(super) at: String,
    pub(super) what: Happened,
}

/// What a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    WebUser,
    Agent,
    System,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    State(State),
    Typing(Typing),
    Said(Said),
    /// Of a kind nobody knows: it only has a number.
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
    /// Whoever is neither customer nor system speaks for the contact centre.
    pub(super) fn of(word: &str) -> Self {
        match word {
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

    fn words(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Html(text) | Self::Url(text) => text,
            Self::File { guid, .. } => guid,
        }
    }
}

impl Event {
    pub(super) fn says(&self) -> bool {
        matches!(self.what, Happened::Said(_))
    }

    /// Recognizes what was said, whatever number it has.
    pub(super) fn fingerprint(&self) -> u32 {
        let Happened::Said(said) = &self.what else { return 0 };
        print(self.kind, said.words())
    }

    /// The same whenever the same is told again; `life` tells numbers that start over apart.
    pub(super) fn id(&self, life: u32) -> String {
        format!("{life}:{}:{:x}:{}", self.number, self.fingerprint(), self.at)
    }
}

/// What [`Event::fingerprint`] gives for a text of our own.
pub(super) fn own_print(text: &str) -> u32 {
    print(Some(Kind::WebUser), text)
}

fn print(kind: Option<Kind>, words: &str) -> u32 {
    edge::ids::fingerprint(format!("{kind:?} {words}").as_bytes()) as u32
}
