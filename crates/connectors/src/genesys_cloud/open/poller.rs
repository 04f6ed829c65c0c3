//! Polls the conversation of one handover: who is in it, and messages that the webhook did not
//! bring. Notifications and the webhook only ask for a poll, so one that is lost or repeated
//! changes nothing. Owned by the handover, which polls when it hears.
//!
//! What must hold: every message is passed on under the id that it has in the conversation, so
//! none is passed on twice.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};

use connector::{ConnectorEvent, EventKind, Failure};
use machine::{Millis, limits::SECOND_MS};
use serde_json::Value;

use super::{
    super::{
        client::MESSAGES_MAX,
        message,
        snapshot::{Snapshot, named},
    },
    Checkpoint, Shared, UNSUBSCRIBED_POLL_MS,
    conversations::OpenConversation,
};

/// A conversation that has just begun may not be found yet. It counts as gone after this many
/// polls in a row, over this many milliseconds, that did not find it.
const MISSES_MAX: u32 = 4;
pub(super) const MISSING_MS: Millis = 15 * SECOND_MS;
/// Longest time that the visitor may be alone, as for a moment during a transfer, in milliseconds.
const ABANDONED_MS: Millis = 10 * SECOND_MS;

pub(super) struct Poller {
    shared: Arc<Shared>,
    conversation: Arc<OpenConversation>,
    polled_at: Millis,
    /// When to poll before the usual time.
    poll_by: Option<Millis>,
    /// Ids of messages and of other events that were passed on.
    known: HashSet<String>,
    /// The poll whose events are being stored.
    unstored: Option<u64>,
    missing: Option<Missing>,
    /// Since when the visitor is alone after a human agent was there.
    abandoned_since: Option<Millis>,
}

/// Polls in a row that did not find the conversation.
struct Missing {
    since: Millis,
    times: u32,
}

impl Poller {
    pub(super) fn new(shared: Arc<Shared>, customer: &str, conversation: &str) -> Self {
        let conversation = shared.conversations.add(customer, conversation);
        Self {
            shared,
            conversation,
            polled_at: 0,
            // After a restart there may be much to find.
            poll_by: Some(0),
            known: HashSet::new(),
            unstored: None,
            missing: None,
            abandoned_since: None,
        }
    }

    pub(super) fn conversation(&self) -> &str {
        &self.conversation.id
    }

    /// Whether a human agent was connected at the last poll.
    pub(super) fn has_agent(&self) -> bool {
        self.conversation.has_agent.load(Ordering::Relaxed)
    }

    pub(super) fn checkpoint(&self) -> Option<String> {
        let conversation = &self.conversation;
        let (customer, conversation) = (conversation.customer.clone(), conversation.id.clone());
        Checkpoint { customer, conversation }.write()
    }

    /// Notes that the events of the last poll are stored. Called when the bridge makes the next
    /// call of the handover: it stores all events first.
    pub(super) fn note_stored(&mut self) {
        if let Some(poll) = self.unstored.take() {
            self.conversation.note_stored(poll);
        }
    }

    /// Ends when it is time to poll. May be dropped at any await.
    pub(super) async fn ready(&self) {
        loop {
            tokio::select! {
                () = self.conversation.poll.notified() => return,
                () = self.shared.clock.sleep_until(self.poll_at()) => return,
                () = self.conversation.polls_sooner.notified() => {}
            }
        }
    }

    fn poll_at(&self) -> Millis {
        let poll_ms = self.shared.poll_ms;
        let is_notified = self.conversation.is_notified();
        let wait = if is_notified { poll_ms } else { poll_ms.min(UNSUBSCRIBED_POLL_MS) };
        self.poll_by.unwrap_or(Millis::MAX).min(self.polled_at + wait)
    }

    /// Polls once and returns what is new.
    pub(super) async fn poll(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        (self.polled_at, self.poll_by) = (self.shared.clock.now(), None);
        let poll = self.conversation.begin_poll();
        let polled = self.new_events().await;
        let for_good = matches!(polled, Err(Failure::Denied { .. } | Failure::Refused { .. }));
        self.conversation.unreadable.store(for_good, Ordering::Relaxed);
        if polled.is_ok() {
            self.unstored = Some(poll);
        } else {
            self.poll_by = Some(0);
        }
        polled
    }

    async fn new_events(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        let conversation = self.read().await?;
        let snapshot = Snapshot::new(&conversation);
        self.conversation.has_agent.store(snapshot.agent().is_some(), Ordering::Relaxed);
        let is_over = snapshot.is_over() || self.end_if_abandoned(&snapshot).await?;
        // The last call that may fail: messages count as known once it has returned.
        let mut events = self.new_messages(&snapshot).await?;
        match snapshot.agent_event() {
            // An agent joins before they write, and leaves after it.
            Some(joined) if matches!(joined.kind, EventKind::Joined(_)) => events.insert(0, joined),
            left => events.extend(left),
        }
        if is_over {
            events.push(ConnectorEvent::new("ended", EventKind::Ended));
        }
        // Every poll finds the same agent again.
        events.retain(|event| event.id.as_ref().is_none_or(|id| self.known.insert(id.clone())));
        Ok(events)
    }

    /// The conversation as it is. One that is not found counts as gone only after some time.
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
        // If it exists after all, no human agent must wait in it.
        self.shared.end(self.conversation()).await?;
        Err(Failure::gone(detail))
    }

    /// Ends a conversation in which the visitor was alone for too long. Returns whether it did.
    async fn end_if_abandoned(&mut self, snapshot: &Snapshot<'_>) -> Result<bool, Failure> {
        if !snapshot.is_abandoned() {
            self.abandoned_since = None;
            return Ok(false);
        }
        let now = self.shared.clock.now();
        let until = *self.abandoned_since.get_or_insert(now) + ABANDONED_MS;
        if now < until {
            self.poll_by = Some(until);
            return Ok(false);
        }
        self.shared.end(self.conversation()).await?;
        Ok(true)
    }

    /// Messages that the webhook has not brought: it may be late, or the vendor gave up while the
    /// bridge was down.
    async fn new_messages(
        &mut self,
        snapshot: &Snapshot<'_>,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        let ids = snapshot.message_ids();
        self.known.extend(self.conversation.webhook_messages());
        let mut unknown: Vec<String> =
            ids.iter().filter(|id| !self.known.contains(*id)).cloned().collect();
        // Of very many messages only the latest can be read. The others were passed on long ago.
        let beyond = unknown.len().saturating_sub(MESSAGES_MAX);
        self.known.extend(unknown.drain(..beyond));
        let messages = self.shared.client.messages(self.conversation(), &unknown).await?;
        // A message that cannot be read yet stays unknown, so the next poll asks for it again.
        let read = messages.iter().filter_map(|message| message["id"].as_str());
        self.known.extend(read.map(str::to_owned));
        let said = messages.iter().filter_map(|message| {
            let id = message["id"].as_str()?;
            let agent = snapshot.author(id);
            let text = message::text(&message["normalizedMessage"])?;
            (message["direction"] == "outbound").then(|| said(id, agent, text))
        });
        let said: Vec<ConnectorEvent> = said.collect();
        if !said.is_empty() {
            // The webhook has left these out. Trust it again when its next message matches.
            self.conversation.trusts_webhook.store(false, Ordering::Relaxed);
        }
        self.conversation.set_messages(&ids);
        Ok(said)
    }
}

/// A message of a human agent, or of the tool itself when there is none.
pub(super) fn said(id: &str, agent: Option<machine::chat::Agent>, text: String) -> ConnectorEvent {
    let kind = match agent {
        Some(agent) => EventKind::Said { agent: named(&agent.name), text },
        None => EventKind::Notice(text),
    };
    ConnectorEvent::new(format!("said/{id}"), kind)
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.shared.conversations.remove(&self.conversation);
    }
}
