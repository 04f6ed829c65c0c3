//! A bot that runs an export of a Dialogflow ES agent, without Google.
//!
//! It is exact on exact phrases and good on similar ones; it does not understand language. An
//! answer depends on the export, the session's memory and the query only: no clock, no randomness,
//! no network, unless the bot was given the agent's webhook. The [`Report`] of loading names what
//! was not taken from an export.
//!
//! From bottom to top: `model` (what an export says), `matching` (which phrase a text is close to),
//! `agent` (both together), `load` (from files to an agent), `turn` (from a query to an answer).

mod agent;
mod hash;
mod load;
mod locale;
pub(crate) mod matching;
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
use crate::{Answer, Bot, BotError, BoxFuture, Query, fulfilment::Fulfilment};

/// Answers queries from an agent export. Clones share the agent.
#[derive(Clone)]
pub struct LocalBot {
    agent: Arc<LocalAgent>,
    fulfilment: Option<Arc<Fulfilment>>,
}

impl LocalBot {
    pub fn new(agent: LocalAgent) -> Self {
        Self { agent: Arc::new(agent), fulfilment: None }
    }

    /// Calls the agent's webhook, if one is given, for the intents that have it on.
    #[must_use]
    pub fn with_fulfilment(self, fulfilment: Option<Arc<Fulfilment>>) -> Self {
        Self { fulfilment, ..self }
    }

    pub fn agent(&self) -> &LocalAgent {
        &self.agent
    }

    /// Answers a query without waiting and without the agent's webhook: a few milliseconds of
    /// computing at most.
    /// [`BotError::Refused`] where the service refuses a query, too.
    pub fn answer(&self, query: &Query) -> Result<Answer, BotError> {
        turn::run(&self.agent, query)
    }
}

impl Bot for LocalBot {
    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, BotError>> {
        Box::pin(async move {
            match &self.fulfilment {
                Some(fulfilment) => turn::fulfilled::run(&self.agent, &query, fulfilment).await,
                None => self.answer(&query),
            }
        })
    }
}
