//! Looks at the conversation of one handover: who is in it, and what was said that the webhook did
//! not bring. Notifications and the webhook say that it is time to look, so one that is lost or
//! repeated changes nothing. Owned by the handover, and looks when the handover hears.
//!
//! Whatever is told goes by the id it has in the conversation, so nothing is told twice.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use connector::{ConnectorEvent, EventKind, Failure};
use machine::{Millis, limits::SECOND_MS};
use serde_json::Value;

use super::{
    super::{
        client::MESSAGES_MAX,
        conversation::{Seen, named},
        message,
        seats::Seat,
    },
    Checkpoint, Shared, UNTOLD_POLL_MS,
};

/// How often the clock, which may jump, is compared.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A conversation that was begun just now may not be found yet. It is gone when so many looks in
/// a row, over so long, have not found it.
const MISSES_MAX: u32 = 4;
pub(super) const MISSING_MS: Millis = 15 * SECOND_MS;
/// In a transfer the visitor may be alone for a moment: nobody comes any more after so long.
const ABANDONED_MS: Millis = 10 * SECOND_MS;

pub(super) struct Lookout {
    shared: Arc<Shared>,
    seat: Arc<Seat>,
    looked_at: Millis,
    /// When to look although the time for it has not come.
    look_by: Option<Millis>,
    /// Messages and other news that were told.
    told: HashSet<String>,
    /// The look whose news are being stored.
    unstored: Option<u64>,
    missing: Option<Missing>,
    /// Since when the visitor is alone after a human was there.
    abandoned_since: Option<Millis>,
}

/// Looks in a row that did not find the conversation.
struct Missing {
    since: Millis,
    times: u32,
}

impl Lookout {
    pub(super) fn new(shared: Arc<Shared>, customer: &str, conversation: &str) -> Self {
        let seat = shared.seats.take(customer, conversation);
        Self {
            shared,
            seat,
            looked_at: 0,
            // After a restart much may have happened unseen.
            look_by: Some(0),
            told: HashSet::new(),
            unstored: None,
            missing: None,
            abandoned_since: None,
        }
    }

    pub(super) fn conversation(&self) -> &str {
        &self.seat.conversation
    }

    /// Whether an agent was there at the last look.
    pub(super) fn is_attended(&self) -> bool {
        self.seat.attended.load(Ordering::Relaxed)
    }

    pub(super) fn checkpoint(&self) -> Option<String> {
        let (customer, conversation) = (self.seat.customer.clone(), self.seat.conversation.clone());
        Checkpoint { customer, conversation }.write()
    }

    /// Called when the next thing is asked of the handover: by then all it told is stored.
    pub(super) fn note_stored(&mut self) {
        if let Some(look) = self.unstored.take() {
            self.seat.note_stored(look);
        }
    }

    /// Ends when it is time to look. May be dropped at any await.
    pub(super) async fn ready(&self) {
        let due = async {
            while self.shared.clock.now() < self.due_at() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = self.seat.look.notified() => {}
            () = due => {}
        }
    }

    fn due_at(&self) -> Millis {
        let poll_ms = self.shared.poll_ms;
        let wait = if self.seat.is_told() { poll_ms } else { poll_ms.min(UNTOLD_POLL_MS) };
        self.look_by.unwrap_or(Millis::MAX).min(self.looked_at + wait)
    }

    /// What is new in the conversation.
    pub(super) async fn look(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        (self.looked_at, self.look_by) = (self.shared.clock.now(), None);
        let look = self.seat.begin_look();
        let looked = self.look_now().await;
        let for_good = matches!(looked, Err(Failure::Denied { .. } | Failure::Refused { .. }));
        self.seat.unreadable.store(for_good, Ordering::Relaxed);
        if looked.is_ok() {
            self.unstored = Some(look);
        } else {
            self.look_by = Some(0);
        }
        looked
    }

    async fn look_now(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        let shown = self.read().await?;
        let seen = Seen::new(&shown);
        self.seat.attended.store(seen.agent().is_some(), Ordering::Relaxed);
        let is_over = seen.is_over() || self.is_given_up(&seen).await?;
        // Nothing may fail after this: what it tells counts as told.
        let (mut news, place) = (self.missed(&seen).await?, seen.news());
        let joins = place.as_ref().is_some_and(|news| matches!(news.kind, EventKind::Joined(_)));
        if joins {
            news.splice(0..0, place);
        } else {
            news.extend(place);
        }
        if is_over {
            news.push(ConnectorEvent::new("ended", EventKind::Ended));
        }
        // The same place is told again at every look; only what may be new costs anything.
        news.retain(|news| news.id.as_ref().is_none_or(|id| self.told.insert(id.clone())));
        Ok(news)
    }

    /// The conversation as it is; one that is not found is gone only after a while.
    pub(super) async fn read(&mut self) -> Result<Value, Failure> {
        let detail = match self.shared.client.conversation(self.conversation()).await {
            Err(Failure::Gone { detail }) => detail,
            read => {
                self.missing = None;
                return read;
            }
        };
        let now = self.shared.clock.now();
        let missing = self.missing.get_or_insert(Missing { since: now, times: 0 });
        missing.times += 1;
        if missing.times < MISSES_MAX || now < missing.since + MISSING_MS {
            return Err(Failure::later(detail));
        }
        // Should it be there all the same, no agent is left alone in it.
        self.shared.end(self.conversation()).await?;
        Err(Failure::gone(detail))
    }

    /// Whether the visitor was left alone for good; then the conversation is ended there, too.
    async fn is_given_up(&mut self, seen: &Seen<'_>) -> Result<bool, Failure> {
        if !seen.is_abandoned() {
            self.abandoned_since = None;
            return Ok(false);
        }
        let now = self.shared.clock.now();
        let until = *self.abandoned_since.get_or_insert(now) + ABANDONED_MS;
        if now < until {
            self.look_by = Some(until);
            return Ok(false);
        }
        self.shared.end(self.conversation()).await?;
        Ok(true)
    }

    /// What was said and the webhook has not brought: it may be late, or was given up while nobody
    /// answered it.
    async fn missed(&mut self, seen: &Seen<'_>) -> Result<Vec<ConnectorEvent>, Failure> {
        let ids = seen.message_ids();
        self.told.extend(self.seat.heard());
        let mut unknown: Vec<String> =
            ids.iter().filter(|id| !self.told.contains(*id)).cloned().collect();
        // Of a conversation that is longer than can be read, the beginning was told long ago.
        let beyond = unknown.len().saturating_sub(MESSAGES_MAX);
        self.told.extend(unknown.drain(..beyond));
        let messages = self.shared.client.messages(self.conversation(), &unknown).await?;
        // One that cannot be read yet is asked for again.
        let read = messages.iter().filter_map(|message| message["id"].as_str());
        self.told.extend(read.map(str::to_owned));
        let said = messages.iter().filter_map(|message| {
            let id = message["id"].as_str()?;
            let agent = seen.author(id);
            let text = message::words(&message["normalizedMessage"])?;
            (message["direction"] == "outbound").then(|| said(id, agent, text))
        });
        let said: Vec<ConnectorEvent> = said.collect();
        if !said.is_empty() {
            // Until the next message was seen to be told in its turn.
            self.seat.trusts_webhook.store(false, Ordering::Relaxed);
        }
        self.seat.note_shown(&ids);
        Ok(said)
    }
}

/// What somebody said; words of nobody are the tool's own.
pub(super) fn said(id: &str, agent: Option<machine::chat::Agent>, text: String) -> ConnectorEvent {
    let what = match agent {
        Some(agent) => EventKind::Said { agent: named(&agent.name), text },
        None => EventKind::Notice(text),
    };
    ConnectorEvent::new(format!("said/{id}"), what)
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.shared.seats.leave(&self.seat);
    }
}
