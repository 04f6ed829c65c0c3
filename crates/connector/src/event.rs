//! Events that a connector hears from its tool.

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

    /// Without an id: only for an event that does no harm if it is told twice.
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
    /// The human agent left and another may come: the chat returns to the queue.
    Left,
    Held {
        on: bool,
    },
    /// The human agent types, or stopped. Never stored.
    Types(Typing),
    /// A text of the tool itself for the visitor.
    Notice(String),
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    On,
    Off,
}
