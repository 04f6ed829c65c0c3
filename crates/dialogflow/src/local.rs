//! A bot that runs a Dialogflow ES agent export by itself, without Google.
//!
//! It is exact on exact phrases, good on near ones, and does not understand language. Everything
//! it says follows from the export, the session's memory and the query: no clock, no chance, no
//! network. What it cannot take from an export is in the [`Report`] of loading it.

mod agent;
mod answer;
mod brain;
mod classifier;
mod export;
mod files;
mod index;
mod lexicon;
mod load;
mod load_entities;
mod load_intents;
mod messages;
mod parameters;
mod phrasebook;
mod references;
mod report;
pub(crate) mod session;
mod slots;
mod system;
mod templates;
mod text;
mod turn;

use std::{io, path::PathBuf, sync::Arc};

pub use self::{
    agent::Agent,
    report::{LanguageCount, Notice, NoticeKind, Report},
};
use crate::{Answer, Bot, BotError, BoxFuture, Query};

/// Why an export could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("this is not a zip archive")]
    NotAZip,
    #[error("there is no readable agent.json: this is not an agent export")]
    NotAnAgent,
    #[error("the export is too large: {0}")]
    TooLarge(&'static str),
    #[error("the archive has an entry that points outside of it")]
    UnsafePath,
}

/// Answers queries from an agent export. Clones share the agent.
#[derive(Debug, Clone)]
pub struct LocalBot {
    agent: Arc<Agent>,
}

impl LocalBot {
    pub fn new(agent: Agent) -> Self {
        Self { agent: Arc::new(agent) }
    }

    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The answer at once: it takes at most a few milliseconds of computing and waits for nothing.
    pub fn answer(&self, query: &Query) -> Result<Answer, BotError> {
        turn::run(&self.agent, query)
    }
}

impl Bot for LocalBot {
    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, BotError>> {
        Box::pin(async move { self.answer(&query) })
    }
}
