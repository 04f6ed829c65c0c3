//! A bot with its settings, and the question put to it: one detectIntent query in, what the
//! conversation makes of the answer out.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use dialogflow::{BotError, Edition, Query, signal::Signal};
use edge::time::clock_time;
use futures::FutureExt as _;
use machine::{
    Millis,
    conversation::{Ask, BotAnswer, BotMessage, Conversation, Input, Policy, Said, Trigger},
    limits,
};
use serde_json::Map;
use store::{Ledger, Store};
use tokio::sync::Semaphore;

use crate::{BotConfig, credentials::Headers, facts::Facts, limit, visitors::Visitor};

pub(crate) struct Bot {
    pub(crate) config: BotConfig,
    pub(crate) policy: Policy,
    pub(crate) ledger: Ledger<Conversation>,
    /// One for each call under way that only tells of something.
    pub(crate) telling_places: Arc<Semaphore>,
}

/// A query that is owed.
pub(crate) struct Question<'a> {
    pub(crate) turn: u64,
    pub(crate) epoch: u64,
    /// Id of the Dialogflow session.
    pub(crate) session: String,
    pub(crate) said: Said,
    pub(crate) ask: Ask,
    pub(crate) visitor: &'a Visitor,
    pub(crate) webhook_headers: Headers,
}

impl Bot {
    pub(crate) fn new(config: BotConfig, store: &Store) -> Self {
        let triggers = config.policy.triggers.iter().filter(|_| config.webhook.is_some());
        let policy = Policy {
            triggers: triggers.cloned().map(as_compared).collect(),
            keep_responses: config.keeps_history(),
            ..config.policy.clone()
        };
        let ledger = store.ledger(&config.id);
        let telling_places = Arc::new(Semaphore::new(limit::TELLING_CALLS_MAX));
        Self { config, policy, ledger, telling_places }
    }

    pub(crate) fn edition(&self) -> Edition {
        self.config.bot.edition()
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
        let Question { said, ask, session, visitor, webhook_headers, .. } = question;
        let mut facts = Facts::of(self, visitor, &said, now);
        facts.clear(ask.clear);
        if let Some(name) = &self.config.facts.resume_marker {
            facts.mark(self.edition(), name, ask.stretch.as_ref());
        }
        Query {
            session: self.config.bot.session_path(&session),
            input: input(said, self.edition()),
            language: self.language(visitor).to_owned(),
            time_zone: visitor.time_zone.clone().filter(|zone| clock_time(now, zone).is_some()),
            contexts: facts.contexts,
            parameters: facts.parameters,
            payload: Map::new(),
            webhook_headers,
            memory: ask.memory,
            now,
        }
    }

    fn understood(&self, answer: dialogflow::Answer, language: &str) -> BotAnswer {
        let shown = dialogflow::response::visible_messages(&answer.response, language);
        let messages = shown.into_iter().map(|message| BotMessage {
            text: message.text,
            rich: message.rich.map(|rich| rich.to_string()),
        });
        let signals = dialogflow::signal::signals(&answer.response, self.edition());
        let is_fallback = signals.contains(&Signal::Fallback);
        let signs: Vec<Trigger> = signals.into_iter().filter_map(sign).collect();
        // Only step one and the history need the whole response.
        let may_trigger = self.policy.triggers.iter().any(|trigger| match trigger {
            Trigger::Fallbacks(_) => is_fallback,
            trigger => signs.contains(trigger),
        });
        let is_needed = may_trigger || self.policy.keep_responses;
        BotAnswer {
            messages: messages.collect(),
            response: if is_needed { answer.response.to_string() } else { String::new() },
            signs,
            is_fallback,
            memory: answer.memory,
        }
    }
}

/// The id of the `session`th Dialogflow session of a conversation, at most 36 characters.
pub(crate) fn session_id(conversation: &str, session: u64) -> String {
    match session {
        0 => conversation.to_owned(),
        session => format!("{conversation}-{session}"),
    }
}

/// What the bot is asked; of a text, as much as it reads.
fn input(said: Said, edition: Edition) -> dialogflow::Input {
    if let Some(event) = said.event {
        let parameters = serde_json::from_str(&event.parameters).unwrap_or_default();
        return dialogflow::Input::Event { name: event.name, parameters };
    }
    let chars = match edition {
        Edition::Es => limits::BOT_TEXT_CHARS_MAX,
        Edition::Cx => usize::MAX,
    };
    dialogflow::Input::Text(said.text.chars().take(chars).collect())
}

/// Contexts are compared by the last path segment in lower case (contract, section 3).
fn as_compared(configured: Trigger) -> Trigger {
    let Trigger::Context(name) = configured else { return configured };
    Trigger::Context(name.rsplit('/').next().unwrap_or_default().trim().to_lowercase())
}

fn sign(signal: Signal) -> Option<Trigger> {
    Some(match signal {
        Signal::Context(name) => Trigger::Context(name),
        Signal::Parameter(name) => Trigger::Parameter(name),
        Signal::Handoff => Trigger::Handoff,
        Signal::Intent(name) => Trigger::Intent(name),
        Signal::Action(name) => Trigger::Action(name),
        Signal::Fallback | Signal::End => return None,
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
