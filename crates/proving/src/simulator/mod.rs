//! Tools agents work in, simulated: the vendor's API on one side, and on the other a person or a
//! script who plays the agent.
//!
//! A simulator is written from what is known of the vendor and from nothing of ours. What all of
//! them share is here: how an agent acts ([`Act`]), what the tool shows its agents ([`Chat`]), what
//! goes wrong ([`faults`]), time of its own ([`time`]), a small page for a person ([`console`]),
//! and the list of them all ([`catalog`]).

use std::sync::Arc;

use axum::{Router, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, task::JoinHandle};

pub mod catalog;
pub mod console;
pub mod faults;
pub mod genesys_cloud;
pub mod pureconnect;
pub mod service_manager;
pub mod servicenow;
pub mod time;
pub mod webhook;

use faults::Faults;

/// A simulated tool. Handles are cheap: whoever is shared stands behind an `Arc` inside.
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

/// A simulator that serves.
pub struct Simulator {
    pub base: String,
    tool: Arc<dyn Tool>,
    faults: Faults,
    serving: JoinHandle<()>,
}

impl Simulator {
    /// On a free port of loopback.
    pub async fn start(tool: impl Tool) -> anyhow::Result<Self> {
        Self::serve(TcpListener::bind("127.0.0.1:0").await?, tool)
    }

    pub fn serve(listener: TcpListener, tool: impl Tool) -> anyhow::Result<Self> {
        Self::serve_shared(listener, Arc::new(tool))
    }

    pub fn serve_shared(listener: TcpListener, tool: Arc<dyn Tool>) -> anyhow::Result<Self> {
        let base = format!("http://{}", listener.local_addr()?);
        let wording = tool.clone();
        let faults = Faults::new(move |status| wording.failure(status));
        let router = faults.around(tool.router()).merge(console::router(&tool, &faults));
        let serving = tokio::spawn(async move {
            // It ends with the simulator, which aborts it.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { base, tool, faults, serving })
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub fn chats(&self) -> Vec<Chat> {
        self.tool.chats()
    }

    pub fn act(&self, chat: &str, act: Act) -> Result<(), String> {
        self.tool.act(chat, act)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
