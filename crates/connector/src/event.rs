//! What is heard from a tool.

use machine::chat::Agent;

/// Something that happened at the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorEvent {
    /// The vendor's id, unique within one opening. An event with an id that was heard before
    /// changes nothing.
    pub id: Option<String>,
    pub kind: EventKind,
}

impl ConnectorEvent {
    pub fn new(id: impl Into<String>, kind: EventKind) -> Self {
        Self { id: Some(id.into()), kind }
    }

    /// Without an id: only for what does no harm when it is heard twice.
    #[must_use]
    pub fn plain(kind: EventKind) -> Self {
        Self { id: None, kind }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    Joined(Agent),
    /// The text is safe Markdown; see [`crate::text`].
    Said {
        agent: Agent,
        text: String,
    },
    /// The human agent went and another may come: back in the queue.
    Left,
    Held {
        on: bool,
    },
    /// The human agent types. Never stored.
    Types(Typing),
    /// The tool's own words to the visitor.
    Notice(String),
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    On,
    Off,
}
