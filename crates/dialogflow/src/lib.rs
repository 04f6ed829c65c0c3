//! Dialogflow bots behind one trait, [`Bot`]: [`local`] runs an agent export without Google,
//! [`google`] asks Google's service, [`emulator`] serves a local bot as Google's service does.
//!
//! A bot keeps nothing between queries. What it must remember of a session it returns as `memory`,
//! and the caller stores it in the same commit as the answer. [`response`], [`signal`] and
//! [`render`] read an answer. "Agent" in this crate always means a Dialogflow agent.
#![forbid(unsafe_code)]

use std::{fmt, future::Future, pin::Pin};

use secrecy::SecretString;
use serde_json::{Map, Value};

pub mod emulator;
pub mod google;
pub mod local;
mod names;
pub mod render;
pub mod response;
pub mod signal;

/// Longest id of a session and of a user of an environment, in characters.
pub const SESSION_CHARS_MAX: usize = 36;

/// The edition of Dialogflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// Intents and contexts, API version 2.
    Es,
    /// Flows, pages and session parameters, API version 3.
    Cx,
}

/// One detectIntent query.
#[derive(Clone)]
pub struct Query {
    /// Dialogflow session path, as [`Bot::session_path`] returns it.
    pub session: String,
    pub input: Input,
    /// BCP 47, for example `en` or `de-AT`.
    pub language: String,
    /// IANA name; the agent's own time zone when absent.
    pub time_zone: Option<String>,
    /// Contexts to activate before the query; a lifespan of 0 removes one.
    pub contexts: Vec<Context>,
    /// Session parameters to set before the query; `null` removes one. Only CX has them.
    pub parameters: Map<String, Value>,
    /// For the agent's own fulfilment webhook, passed on unread.
    pub payload: Map<String, Value>,
    /// Headers for the agent's own fulfilment webhook; they may hold credentials of the visitor.
    pub webhook_headers: Vec<(String, SecretString)>,
    /// The `memory` of the last [`Answer`] in this session.
    pub memory: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub now: i64,
}

/// What the visitor did.
#[derive(Clone, PartialEq)]
pub enum Input {
    Text(String),
    Event { name: String, parameters: Map<String, Value> },
}

/// A context as a client sends it: `name` is the bare name or a full path.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    pub name: String,
    pub lifespan: u32,
    pub parameters: Map<String, Value>,
}

/// What the bot answered.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The whole detectIntent response as canonical JSON (`responseId`, `queryResult`, …).
    pub response: Value,
    /// The caller sends it with the next query of this session.
    pub memory: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// The query is not valid; sending it again does not help.
    #[error("the bot refused the query: {0}")]
    Refused(String),
    /// The bot cannot be reached or failed; sending the query again may help.
    #[error("the bot is not available: {0}")]
    Unavailable(String),
    /// Google's service answered with an error.
    #[error("{0}")]
    Google(GoogleError),
}

/// An error of Google's service for an operator. It never contains what the visitor said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleError {
    /// HTTP status, if there was a response.
    pub http: Option<u16>,
    /// Name of the `google.rpc.Code`, for example `PERMISSION_DENIED`.
    pub status: String,
    /// Google's message.
    pub message: String,
    /// What to do about it; empty when only Google's message is known.
    pub hint: String,
}

impl fmt::Display for GoogleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialogflow answered ")?;
        if let Some(http) = self.http {
            write!(f, "{http} ")?;
        }
        write!(f, "{}: {}", self.status, self.message)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A bot that answers detectIntent queries.
pub trait Bot: Send + Sync {
    /// Answers one query. The session may have changed even where this fails.
    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, BotError>>;

    fn edition(&self) -> Edition {
        Edition::Es
    }

    /// Path of a session of this bot. `session` is an id of at most [`SESSION_CHARS_MAX`]
    /// characters.
    fn session_path(&self, session: &str) -> String {
        format!("projects/baton/agent/sessions/{session}")
    }
}

// Written by hand: what visitors say must not reach a log line.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("session", &self.session).finish_non_exhaustive()
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Event { name, .. } => {
                f.debug_struct("Event").field("name", name).finish_non_exhaustive()
            }
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}
