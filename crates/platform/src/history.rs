//! `messageHistory` from the journal (contract r3, section 7 and 13.9): the present session of one
//! conversation, oldest first, the newest items that fit. What the visitor said after the turn of
//! step one is left out, because it comes later as step two or goes to the bot.

use std::collections::HashSet;

use dialogflow::Edition;
use edge::time::rfc3339;
use machine::{
    Position, Recorded,
    conversation::{Control, Event},
    limits,
};
use serde_json::{Value, json};
use store::StoreError;
use wire::history::{self, BotPlatform, Said, Session, item};

use crate::{
    bot::{Bot, session_id, step_two_id},
    events::format_of,
    facts::{Facts, context_json},
    limit,
    visitors::Visitor,
};

/// Which history is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) bot: &'a Bot,
    pub(crate) conversation: &'a str,
    pub(crate) visitor: &'a Visitor,
    /// Nothing the visitor said after this `seq`.
    pub(crate) turn: u64,
    /// Number of the bot's present session.
    pub(crate) session: u64,
}

pub(crate) async fn read(wanted: Wanted<'_>) -> Result<Vec<Value>, StoreError> {
    // The newest event is at most a few behind the turn; two pages back is more than is sent.
    let first = wanted.turn.saturating_sub(2 * limits::PAGE_EVENTS_MAX as u64);
    let mut after = Position { seq: first, sub: 0 };
    let mut items = Items { wanted, paused: false, list: Vec::new() };
    loop {
        let page = wanted.bot.ledger.journal(wanted.conversation, after, limits::PAGE_EVENTS_MAX);
        let page = page.await?;
        let Some(last) = page.last() else {
            return Ok(items.newest(limit::HISTORY_BYTES_MAX));
        };
        after = last.position;
        for recorded in &page {
            items.add(recorded);
        }
    }
}

/// What was said to and by the bot in the turns from `first` on, before the wanted turn, while a
/// human had control: the bridge was away then, so it is told later. Oldest first, the newest items
/// that fit. What the visitor said to the bot after such a pause is not part of it.
pub(crate) async fn missed(wanted: Wanted<'_>, first: u64) -> Result<Vec<Value>, StoreError> {
    let oldest = wanted.turn.saturating_sub(2 * limits::PAGE_EVENTS_MAX as u64);
    let mut missed = Missed {
        items: Items { wanted, paused: false, list: Vec::new() },
        // Where the beginning is left out, control is not known before it changes.
        is_with_bot: first < oldest,
        turns: HashSet::new(),
    };
    let mut after = Position { seq: first.max(oldest).saturating_sub(1), sub: 0 };
    loop {
        let page = wanted.bot.ledger.journal(wanted.conversation, after, limits::PAGE_EVENTS_MAX);
        let page = page.await?;
        let Some(last) = page.last() else {
            return Ok(missed.items.newest(limit::MISSED_BYTES_MAX));
        };
        after = last.position;
        for recorded in &page {
            missed.add(recorded);
        }
    }
}

struct Missed<'a> {
    items: Items<'a>,
    is_with_bot: bool,
    /// Inputs of the visitor for the human agent.
    turns: HashSet<u64>,
}

impl Missed<'_> {
    fn add(&mut self, recorded: &Recorded<Event>) {
        let seq = recorded.position.seq;
        match &recorded.event {
            Event::ControlChanged { control, .. } => {
                self.is_with_bot = matches!(control, Control::Bot);
            }
            Event::VisitorSaid { said, .. }
                if seq < self.items.wanted.turn && !self.is_with_bot =>
            {
                self.turns.insert(seq);
                if !said.is_silent() {
                    self.items.push(recorded, Said::TextToAgent { text: &said.text });
                    // The call may have been taken, and only its answer was late.
                    if let Some(item) = self.items.list.last_mut() {
                        let id = step_two_id(self.items.wanted.conversation, seq);
                        item[history::CALL_ID] = id.into();
                    }
                }
            }
            Event::BotSaid { turn, message } if self.turns.contains(turn) => {
                let response = json!({ "queryResult": { "fulfillmentText": message.text } });
                self.items.push(recorded, Said::Bot { response: &response });
            }
            _ => {}
        }
    }
}

struct Items<'a> {
    wanted: Wanted<'a>,
    paused: bool,
    list: Vec<Value>,
}

impl Items<'_> {
    fn add(&mut self, recorded: &Recorded<Event>) {
        let Wanted { bot, visitor, turn, .. } = self.wanted;
        let seq = recorded.position.seq;
        match &recorded.event {
            Event::VisitorSaid { said, .. } if seq <= turn => {
                let params = || {
                    let facts = Facts::of(bot, visitor, said, recorded.at);
                    parameters(bot.edition(), &facts)
                };
                match &said.event {
                    _ if self.paused && !said.is_silent() => {
                        self.push(recorded, Said::TextToAgent { text: &said.text });
                    }
                    Some(event) => {
                        let data = serde_json::from_str(&event.parameters).unwrap_or_default();
                        let (name, params) = (&*event.name, &params());
                        self.push(recorded, Said::Event { name, data: &data, params });
                    }
                    None => {
                        self.push(recorded, Said::Text { text: &said.text, params: &params() });
                    }
                }
            }
            // The complete response is kept while the history is on.
            Event::BotAnswered { response: Some(response), .. } => {
                let response = serde_json::from_str(response).unwrap_or_default();
                self.push(recorded, Said::Bot { response: &response });
            }
            Event::AgentSaid { text, format, .. } => {
                let format = format_of(*format);
                self.push(recorded, Said::Agent { text, format });
            }
            Event::ControlChanged { control, .. } => {
                self.paused = matches!(control, Control::Human { .. });
            }
            Event::ResumeEvent { name, .. } => {
                let none = json!({});
                self.push(recorded, Said::Event { name, data: &none, params: &none });
            }
            Event::SessionStarted { .. } => self.list.clear(),
            _ => {}
        }
    }

    fn push(&mut self, recorded: &Recorded<Event>, said: Said<'_>) {
        let Wanted { bot, conversation, visitor, session, .. } = self.wanted;
        let session = Session {
            id: &session_id(conversation, session),
            language: bot.language(visitor),
            platform: match bot.edition() {
                Edition::Es => BotPlatform::Es,
                Edition::Cx => BotPlatform::Cx,
            },
        };
        let Position { seq, sub } = recorded.position;
        let id = format!("{conversation}/{seq}.{sub}");
        self.list.push(item(&id, &rfc3339(recorded.at), session, said));
    }

    /// The newest items of together at most so many bytes.
    fn newest(mut self, bytes_max: usize) -> Vec<Value> {
        let mut bytes = 0;
        let fitting = self.list.iter().rev().take(limits::HISTORY_ITEMS_MAX).take_while(|item| {
            bytes += item.to_string().len();
            bytes <= bytes_max
        });
        let kept = fitting.count();
        self.list.split_off(self.list.len() - kept)
    }
}

/// `queryParameters` as they went to the bot, without the visitor's `webhookHeaders`.
fn parameters(edition: Edition, facts: &Facts) -> Value {
    match edition {
        Edition::Es => {
            let contexts = facts.contexts.iter().map(context_json);
            json!({ "contexts": contexts.collect::<Vec<_>>() })
        }
        Edition::Cx => json!({ "parameters": facts.parameters }),
    }
}
