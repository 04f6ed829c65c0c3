//! `messageHistory` of step one, from the journal (contract r3, section 7 and 13.9): this
//! conversation only, oldest first, the newest that fit. What the visitor said after the turn of
//! step one is left out: it waits, and comes as step two or goes to the bot.

use edge::time::rfc3339;
use machine::{
    Recorded,
    conversation::{Control, Event},
    limits,
};
use serde_json::Value;
use wire::history::{Said, Session, item};

use crate::{bot::session_path, limit, webhook::Call};

/// A history that cannot be read is left out, and the handover goes on without it.
pub(crate) async fn of(call: Call<'_>) -> Vec<Value> {
    // The newest event is at most a few behind the turn; two pages back is more than is sent.
    let mut after = call.turn.saturating_sub(2 * limits::PAGE_EVENTS_MAX as u64);
    let mut items = Items::new(call);
    loop {
        let page = call.bot.ledger.events(call.conversation, after, limits::PAGE_EVENTS_MAX).await;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(conversation.id = call.conversation, %error, "no history to send");
                return Vec::new();
            }
        };
        let Some(last) = page.last() else {
            return items.newest();
        };
        after = last.position.seq;
        for recorded in &page {
            items.add(recorded);
        }
    }
}

struct Items<'a> {
    call: Call<'a>,
    session: String,
    paused: bool,
    list: Vec<Value>,
}

impl<'a> Items<'a> {
    fn new(call: Call<'a>) -> Self {
        let session = session_path(call.conversation);
        Self { call, session, paused: false, list: Vec::new() }
    }

    fn add(&mut self, recorded: &Recorded<Event>) {
        let said = match &recorded.event {
            Event::VisitorSaid { .. } if recorded.position.seq > self.call.turn => return,
            Event::VisitorSaid { said, .. } => match &said.event {
                Some(event) if said.text.is_empty() => Said::Event { name: &event.name },
                _ => Said::Text { text: &said.text, paused: self.paused },
            },
            Event::BotSaid { message, .. } => Said::Bot { text: &message.text },
            Event::AgentSaid { text, .. } => Said::Agent { text },
            Event::ControlChanged { control, .. } => {
                self.paused = matches!(control, Control::Human { .. });
                return;
            }
            _ => return,
        };
        let Call { conversation, bot, visitor, .. } = self.call;
        let session = Session { id: &self.session, language: bot.language(visitor) };
        let id = format!("{conversation}/{}", recorded.position.seq);
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
