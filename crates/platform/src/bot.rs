//! A bot with its settings, and the question put to it: one detectIntent query in, what the
//! conversation makes of the answer out.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use dialogflow::{BotError, Context, Query};
use futures::FutureExt as _;
use machine::{
    Millis,
    conversation::{BotAnswer, BotMessage, Conversation, Input, Policy, Said},
    limits,
};
use serde_json::Map;
use store::{Ledger, Store};
use tokio::sync::Semaphore;

use crate::{BotConfig, limit, visitors::Visitor};

pub(crate) struct Bot {
    pub(crate) config: BotConfig,
    pub(crate) policy: Policy,
    pub(crate) ledger: Ledger<Conversation>,
    /// One for each typing call that may be under way.
    pub(crate) typing_places: Arc<Semaphore>,
}

/// A query that is owed.
pub(crate) struct Question<'a> {
    pub(crate) turn: u64,
    pub(crate) epoch: u64,
    pub(crate) said: Said,
    /// Contexts to remove with this query.
    pub(crate) clear: Vec<String>,
    pub(crate) memory: Option<String>,
    pub(crate) conversation: &'a str,
    pub(crate) visitor: &'a Visitor,
}

impl Bot {
    pub(crate) fn new(config: BotConfig, store: &Store) -> Self {
        let triggers = config.policy.triggers.iter().filter(|_| config.webhook.is_some());
        let policy = Policy {
            triggers: triggers.map(|name| trigger_name(name)).collect(),
            ..config.policy.clone()
        };
        let ledger = store.ledger(&config.id);
        let typing_places = Arc::new(Semaphore::new(limit::TYPING_CALLS_MAX));
        Self { config, policy, ledger, typing_places }
    }

    /// The visitor's language, or the bot's own.
    pub(crate) fn language<'a>(&'a self, visitor: &'a Visitor) -> &'a str {
        visitor.language.as_deref().unwrap_or(&self.config.language)
    }

    /// Asks the bot, for at most 15 seconds, and puts what came of it into the machine's words.
    pub(crate) async fn ask(&self, question: Question<'_>, now: Millis) -> Input {
        let (turn, epoch) = (question.turn, question.epoch);
        let language = self.language(question.visitor).to_owned();
        // The bot is foreign code: if it panics, this query has failed and nothing else.
        let asked = AssertUnwindSafe(self.config.bot.detect_intent(self.query(question, now)));
        let deadline = Duration::from_millis(limits::BOT_TIMEOUT_MS);
        let why = match tokio::time::timeout(deadline, asked.catch_unwind()).await {
            Ok(Ok(Ok(answer))) => {
                let answer = self.understood(answer, &language);
                return Input::BotAnswered { turn, epoch, answer };
            }
            Ok(Ok(Err(error))) => told(&error),
            Ok(Err(_)) => "the bot panicked".to_owned(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(bot.id = self.config.id, why, "a bot query failed");
        Input::BotFailed { turn, epoch, why }
    }

    fn query(&self, question: Question<'_>, now: Millis) -> Query {
        let Question { said, clear, memory, conversation, visitor, .. } = question;
        let cleared =
            clear.into_iter().map(|name| Context { name, lifespan: 0, parameters: Map::new() });
        Query {
            session: session_path(conversation),
            input: input(said),
            language: self.language(visitor).to_owned(),
            time_zone: visitor.time_zone.clone(),
            contexts: time_zone(visitor).into_iter().chain(cleared).collect(),
            parameters: Map::new(),
            payload: Map::new(),
            webhook_headers: Vec::new(),
            memory,
            now,
        }
    }

    fn understood(&self, answer: dialogflow::Answer, language: &str) -> BotAnswer {
        let shown = dialogflow::response::visible_messages(&answer.response, language);
        let messages = shown.into_iter().map(|message| BotMessage {
            text: message.text,
            rich: message.rich.map(|rich| rich.to_string()),
        });
        let contexts = dialogflow::response::output_context_names(&answer.response);
        // Only step one needs the whole response.
        let triggered = contexts.iter().any(|name| self.policy.triggers.contains(name));
        BotAnswer {
            messages: messages.collect(),
            response: if triggered { answer.response.to_string() } else { String::new() },
            contexts,
            memory: answer.memory,
        }
    }
}

/// What the bot is asked; of a text, as much as a bot reads.
fn input(said: Said) -> dialogflow::Input {
    if let Some(event) = said.event {
        let parameters = serde_json::from_str(&event.parameters).unwrap_or_default();
        return dialogflow::Input::Event { name: event.name, parameters };
    }
    dialogflow::Input::Text(said.text.chars().take(limits::BOT_TEXT_CHARS_MAX).collect())
}

/// Dialogflow session of a conversation, as the bot and the bridge know it.
pub(crate) fn session_path(conversation: &str) -> String {
    format!("projects/baton/agent/sessions/{conversation}")
}

/// The last path segment in lower case, as contexts are compared (contract, section 3).
fn trigger_name(configured: &str) -> String {
    configured.rsplit('/').next().unwrap_or_default().trim().to_lowercase()
}

/// The context of [`wire::webhook::time_zone_context`] as the bot takes it.
fn time_zone(visitor: &Visitor) -> Option<Context> {
    let context = wire::webhook::time_zone_context(visitor.time_zone.as_deref()?);
    Some(Context {
        name: context["name"].as_str()?.to_owned(),
        lifespan: u32::try_from(context["lifespanCount"].as_u64()?).ok()?,
        parameters: context["parameters"].as_object()?.clone(),
    })
}

/// What an operator may read; the bot's own words may quote the visitor.
fn told(error: &BotError) -> String {
    match error {
        BotError::Refused(_) => "the bot refused the query",
        BotError::Unavailable(_) => "the bot is not available",
        BotError::Google(error) => return error.to_string(),
    }
    .to_owned()
}
