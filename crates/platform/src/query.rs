//! A bot query: what is owed becomes a detectIntent query, and the bot's answer becomes an input
//! of the conversation. Called by the driver.

use std::time::Duration;

use dialogflow::{BotError, Edition, Query, signal::Signal};
use edge::time::clock_time;
use machine::{
    Millis,
    conversation::{BotAnswer, BotMessage, Input, QueryDetails, Said, Trigger},
    limits,
};
use serde_json::Map;

use crate::{bot::Bot, facts::Facts, visitor_headers::Headers, visitors::Visitor};

/// A query that is owed.
pub(crate) struct OwedQuery<'a> {
    pub(crate) turn: u64,
    pub(crate) epoch: u64,
    /// Id of the Dialogflow session.
    pub(crate) session: String,
    pub(crate) said: Said,
    pub(crate) details: QueryDetails,
    pub(crate) visitor: &'a Visitor,
    pub(crate) webhook_headers: Headers,
}

impl Bot {
    /// Queries the bot and waits at most 15 seconds for its answer.
    pub(crate) async fn query(&self, owed: OwedQuery<'_>, now: Millis) -> Input {
        let (turn, epoch) = (owed.turn, owed.epoch);
        let language = self.language(owed.visitor).to_owned();
        let asked = self.config.bot.detect_intent(self.written(owed, now));
        let deadline = Duration::from_millis(limits::BOT_TIMEOUT_MS);
        let why = match tokio::time::timeout(deadline, asked).await {
            Ok(Ok(answer)) => {
                let answer = self.understood(answer, &language);
                return Input::BotAnswered { turn, epoch, answer };
            }
            Ok(Err(error)) => shown(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(bot.id = self.config.id, why, "a bot query failed");
        Input::BotFailed { turn, epoch, why }
    }

    fn written(&self, owed: OwedQuery<'_>, now: Millis) -> Query {
        let OwedQuery { said, details, session, visitor, webhook_headers, .. } = owed;
        let mut facts = Facts::of(self, visitor, &said, now);
        facts.clear(details.clear);
        if let Some(name) = &self.config.facts.resume_marker {
            facts.mark(self.edition(), name, details.past_pause.as_ref());
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
            memory: details.memory,
            now,
        }
    }

    fn understood(&self, answer: dialogflow::Answer, language: &str) -> BotAnswer {
        let visible = dialogflow::response::visible_messages(&answer.response, language);
        let messages = visible.into_iter().map(|message| BotMessage {
            text: message.text,
            rich: message.rich.map(|rich| rich.to_string()),
        });
        let signals = dialogflow::signal::signals(&answer.response, self.edition());
        let is_fallback = signals.contains(&Signal::Fallback);
        let signals: Vec<Trigger> = signals.into_iter().filter_map(trigger).collect();
        // Only step one and the history need the complete response.
        let may_trigger = self.policy.triggers.iter().any(|trigger| match trigger {
            Trigger::Fallbacks(_) => is_fallback,
            trigger => signals.contains(trigger),
        });
        let is_needed = may_trigger || self.policy.keep_responses;
        BotAnswer {
            messages: messages.collect(),
            response: if is_needed { answer.response.to_string() } else { String::new() },
            signals,
            is_fallback,
            memory: answer.memory,
        }
    }
}

/// What the bot is sent. Dialogflow ES refuses long texts, so its text is cut.
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

fn trigger(signal: Signal) -> Option<Trigger> {
    Some(match signal {
        Signal::Context(name) => Trigger::Context(name),
        Signal::Parameter(name) => Trigger::Parameter(name),
        Signal::Handoff => Trigger::Handoff,
        Signal::Intent(name) => Trigger::Intent(name),
        Signal::Action(name) => Trigger::Action(name),
        Signal::Fallback | Signal::End => return None,
    })
}

/// What an operator may read. The bot's own words are left out, because they may quote the
/// visitor.
fn shown(error: &BotError) -> String {
    match error {
        BotError::Refused(_) => "the bot refused the query",
        BotError::Unavailable(_) => "the bot is not available",
        BotError::Google(error) => return error.to_string(),
    }
    .to_owned()
}
