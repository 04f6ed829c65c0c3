//! What all simulated tools share: the vendor's API, the chats, and what a human agent can do.

use axum::{Router, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

/// A simulated tool. Clones share one state.
pub trait Tool: Send + Sync + 'static {
    /// Title of the console page.
    fn title(&self) -> &'static str;

    /// The vendor's API, without the page and the faults.
    fn router(&self) -> Router;

    /// All chats, ended ones too, oldest first.
    fn chats(&self) -> Vec<Chat>;

    /// Lets the human agent act in a chat; the error says why the tool does not allow it.
    fn act(&self, chat: &str, act: Act) -> Result<(), String>;

    /// The vendor's response for a failure of its own, such as 429 or 503.
    fn failure(&self, status: StatusCode) -> Response;
}

/// What a human agent can do. A tool refuses an act that it does not support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// Takes the chat, under this name.
    Accept {
        agent: String,
    },
    Say {
        text: String,
    },
    /// Writes with the tool's own markup.
    SayHtml {
        html: String,
    },
    File {
        name: String,
        url: String,
    },
    Type {
        on: bool,
    },
    Hold {
        on: bool,
    },
    /// Transfers the chat to a colleague, who accepts immediately.
    Transfer {
        agent: String,
    },
    /// Puts the visitor back into the queue.
    Requeue,
    /// Writes what the visitor must not see.
    Note {
        text: String,
    },
    /// Ends the chat.
    End,
}

/// A chat as the tool shows it to its agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// The tool's own id.
    pub id: String,
    pub visitor: String,
    pub phase: Phase,
    pub agent: Option<String>,
    pub visitor_types: bool,
    /// What the caller sent at the start: queue, language, attributes, notes.
    pub facts: Vec<(String, String)>,
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Waiting,
    Live,
    Held,
    Ended,
}

/// One line of a chat, in the tool's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub from: From,
    pub name: String,
    pub text: String,
    /// Milliseconds since 1970, by the tool's clock.
    pub at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// From the transcript before the handover.
    History,
    Visitor,
    Agent,
    /// Visible to agents only.
    Note,
    System,
}
