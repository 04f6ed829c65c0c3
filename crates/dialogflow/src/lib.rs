//! Bots that answer in the shape of Dialogflow's detectIntent.
//!
//! [`Bot`] is the one thing the platform knows of Dialogflow. [`local`] is a bot that runs an
//! agent export by itself; clients for Google's service stand beside it behind the same trait.
//! A bot keeps nothing between queries: what it must remember of a session is handed back as
//! `memory` and stored by the caller together with the answer, so both survive or neither does.
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
pub mod rich;
pub mod signal;

/// Longest id of a session, and of a user of an environment.
pub const SESSION_CHARS_MAX: usize = 36;

/// Which generation of Dialogflow a bot speaks.
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
    /// Dialogflow session path, as [`Bot::session_path`] gives it.
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
    /// For the bot's own fulfilment, passed through unread.
    pub payload: Map<String, Value>,
    /// Headers for the bot's own fulfilment; they may hold credentials of the visitor.
    pub webhook_headers: Vec<(String, SecretString)>,
    /// What the bot handed back with its last answer in this session.
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
    /// To be handed in with the next query of this session.
    pub memory: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// The query itself cannot be answered; asking again will not help.
    #[error("the bot refused the query: {0}")]
    Refused(String),
    /// The bot could not be reached or failed; asking again may help.
    #[error("the bot is not available: {0}")]
    Unavailable(String),
    /// Google's service answered with an error.
    #[error("{0}")]
    Google(GoogleError),
}

/// An error of Google's service, in words that are safe for an operator to read: they never quote
/// the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleError {
    /// HTTP status, where there was an answer.
    pub http: Option<u16>,
    /// Name of the `google.rpc.Code`, for example `PERMISSION_DENIED`.
    pub status: String,
    /// Google's own words.
    pub message: String,
    /// What to do about it; empty when nothing better is known than Google's words.
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

/// Anything that answers detectIntent queries.
pub trait Bot: Send + Sync {
    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, BotError>>;

    fn edition(&self) -> Edition {
        Edition::Es
    }

    /// Path of a session of this bot; `session` is an id of at most 36 characters.
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
