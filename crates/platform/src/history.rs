//! `messageHistory` from the journal (contract r3, section 7 and 13.9): this session of this
//! conversation only, oldest first, the newest that fit. What the visitor said after the turn of
//! step one is left out: it waits, and comes as step two or goes to the bot.

use dialogflow::Edition;
use edge::time::rfc3339;
use machine::{
    Position, Recorded,
    conversation::{Control, Event},
    limits,
};
use serde_json::{Map, Value, json};
use store::StoreError;
use wire::history::{BotPlatform, Said, Session, item};

use crate::{
    bot::{Bot, session_id},
    facts::Facts,
    limit,
    visitors::Visitor,
    webhook::Call,
};

/// Whose history, and up to where.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) bot: &'a Bot,
    pub(crate) conversation: &'a str,
    pub(crate) visitor: &'a Visitor,
    /// Nothing the visitor said after this `seq`.
    pub(crate) turn: u64,
    /// Number of the bot's present session.
    pub(crate) session: u64,
}

/// A history that cannot be read is left out, and the handover goes on without it.
pub(crate) async fn of(call: Call<'_>) -> Vec<Value> {
    let Call { bot, conversation, visitor, turn, session, .. } = call;
    match read(Asked { bot, conversation, visitor, turn, session }).await {
        Ok(mut items) => {
            if bot.config.webhook.as_ref().is_some_and(|webhook| webhook.strict) {
                items.iter_mut().filter_map(Value::as_object_mut).for_each(without_sender);
            }
            items
        }
        Err(error) => {
            tracing::warn!(conversation.id = conversation, %error, "no history to send");
            Vec::new()
        }
    }
}

/// The contract does not print it; a strict receiver may refuse it.
fn without_sender(item: &mut Map<String, Value>) {
    item.retain(|name, _| name != "sender");
}

pub(crate) async fn read(asked: Asked<'_>) -> Result<Vec<Value>, StoreError> {
    // The newest event is at most a few behind the turn; two pages back is more than is sent.
    let first = asked.turn.saturating_sub(2 * limits::PAGE_EVENTS_MAX as u64);
    let mut after = Position { seq: first, sub: 0 };
    let mut items = Items { asked, paused: false, list: Vec::new() };
    loop {
        let page = asked.bot.ledger.journal(asked.conversation, after, limits::PAGE_EVENTS_MAX);
        let page = page.await?;
        let Some(last) = page.last() else {
            return Ok(items.newest());
        };
        after = last.position;
        for recorded in &page {
            items.add(recorded);
        }
    }
}

struct Items<'a> {
    asked: Asked<'a>,
    paused: bool,
    list: Vec<Value>,
}

impl Items<'_> {
    fn add(&mut self, recorded: &Recorded<Event>) {
        let Asked { bot, visitor, turn, .. } = self.asked;
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
            // Kept whole since the history is on.
            Event::BotAnswered { response: Some(response), .. } => {
                let response = serde_json::from_str(response).unwrap_or_default();
                self.push(recorded, Said::Bot { response: &response });
            }
            Event::AgentSaid { text, .. } => self.push(recorded, Said::Agent { text }),
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
        let Asked { bot, conversation, visitor, session, .. } = self.asked;
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

    fn newest(mut self) -> Vec<Value> {
        let mut bytes = 0;
        let fitting = self.list.iter().rev().take(limits::HISTORY_ITEMS_MAX).take_while(|item| {
            bytes += item.to_string().len();
            bytes <= limit::HISTORY_BYTES_MAX
        });
        let kept = fitting.count();
        self.list.split_off(self.list.len() - kept)
    }
}

/// `queryParameters` as they went to the bot, without anybody's credentials.
fn parameters(edition: Edition, facts: &Facts) -> Value {
    match edition {
        Edition::Es => {
            let contexts = facts.contexts.iter().map(crate::webhook::context);
            json!({ "contexts": contexts.collect::<Vec<_>>() })
        }
        Edition::Cx => json!({ "parameters": facts.parameters }),
    }
}
