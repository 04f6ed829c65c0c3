//! What every simulated tool is: its vendor's API, its chats, and what an agent can do in them.

use axum::{Router, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

/// A simulated tool. Clones share one state.
pub trait Tool: Send + Sync + 'static {
    /// What the page calls it.
    fn title(&self) -> &'static str;

    /// The vendor's API, without the page and the faults.
    fn router(&self) -> Router;

    /// Every chat there has been, oldest first.
    fn chats(&self) -> Vec<Chat>;

    /// What the agent does in a chat; the error says why the tool does not allow it.
    fn act(&self, chat: &str, act: Act) -> Result<(), String>;

    /// How the vendor words a failure of its own, such as 429 or 503.
    fn failure(&self, status: StatusCode) -> Response;
}

/// What an agent can do. A tool refuses what it does not have.
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
    /// Hands over to a colleague, who is there at once.
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
    /// What the tool was told at the start: queue, language, attributes, notes.
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

/// Something that was said, in the order of the tool.
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
    /// Said before the handover, told with it.
    History,
    Visitor,
    Agent,
    /// For agents alone.
    Note,
    System,
}
