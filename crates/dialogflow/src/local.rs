//! A bot that runs a Dialogflow ES agent export by itself, without Google.
//!
//! It is exact on exact phrases, good on near ones, and does not understand language. Everything
//! it says follows from the export, the session's memory and the query: no clock, no chance, no
//! network. What it cannot take from an export is in the [`Report`] of loading it.

mod agent;
mod hash;
mod load;
mod matching;
mod model;
mod report;
pub(crate) mod session;
mod turn;

use std::sync::Arc;

pub use self::{
    agent::LocalAgent,
    load::LoadError,
    report::{LanguageCount, Notice, NoticeKind, Report},
};
use crate::{Answer, Bot, BotError, BoxFuture, Query};

/// Answers queries from an agent export. Clones share the agent.
#[derive(Debug, Clone)]
pub struct LocalBot {
    agent: Arc<LocalAgent>,
}

impl LocalBot {
    pub fn new(agent: LocalAgent) -> Self {
        Self { agent: Arc::new(agent) }
    }

    pub fn agent(&self) -> &LocalAgent {
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
