//! What ticket tools have in common: a chat is a ticket, the visitor's messages are entries of its
//! journal, and one poll of all open tickets finds the replies of human agents.
//!
//! A vendor's connector implements [`Tickets`]: how tickets are opened, written and read. Sessions,
//! the poll and the label of our own entries are here. Events carry the ids of the journal, so that
//! a journal that is read again after a restart tells nothing twice.

use connector::{Failure, HandoverInfo};
use machine::{
    Millis,
    chat::{self, Agent, Opening},
    limits::HOUR_MS,
};
use serde::{Deserialize, Serialize};

mod label;
mod poll;
mod session;

#[cfg(test)]
mod tests;

pub(super) use label::EntryLabel;
pub(super) use poll::poll_tickets;
pub(super) use session::TicketSession;

/// Fewest seconds between two polls.
const POLL_SECONDS_MIN: f64 = 0.02;
/// Seconds for which quick messages are gathered: the maximum and the default.
const GATHER_SECONDS_MAX: f64 = 60.0;
pub(super) const GATHER_SECONDS: f64 = 2.0;
/// How long a chat waits for the first and for each further answer in its ticket.
const ANSWER_WAIT_MS: Millis = 4 * HOUR_MS;

/// A ticket, and the checkpoint of its chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// Its key in the tool's API.
    pub(super) id: String,
    /// The number that people see.
    pub(super) number: String,
}

impl Ticket {
    pub(super) fn of_checkpoint(checkpoint: &str) -> Option<Self> {
        serde_json::from_str(checkpoint).ok()
    }

    pub(super) fn checkpoint(&self) -> String {
        serde_json::json!({ "id": self.id, "number": self.number }).to_string()
    }
}

/// A handover for which a ticket has to be opened.
pub(super) struct TicketRequest<'a> {
    /// `{chat}.{opening}`: the same at every attempt, and unique to the handover.
    pub(super) reference: String,
    pub(super) handover: &'a HandoverInfo,
    pub(super) opening: &'a Opening,
    /// The transcript, one item for each line.
    pub(super) lines: Vec<String>,
}

/// An entry of a human agent for the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// The same whenever the ticket is read, and unique within it.
    pub(super) id: String,
    pub(super) agent: Agent,
    /// Safe Markdown.
    pub(super) text: String,
}

/// The stage of a ticket's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    /// On hold.
    Held,
    /// Resolved or closed, with the text of the resolution.
    Closed {
        resolution: String,
    },
}

/// A ticket, as a poll reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TicketState {
    pub(super) id: String,
    pub(super) stage: Stage,
    /// The human agent it is assigned to.
    pub(super) assignee: Option<Agent>,
    /// Oldest first; replies that the poll knows already may be left out.
    pub(super) replies: Vec<Reply>,
}

/// The tickets that a poll reads.
pub(super) struct TicketQuery<'a> {
    pub(super) tickets: &'a [Ticket],
    /// Read the whole journals: this process has not read all of them before.
    pub(super) whole: bool,
    /// Whether a journal entry was told before, by its id.
    pub(super) is_known: &'a (dyn Fn(&str) -> bool + Sync),
}

/// The tickets of one tool.
#[async_trait::async_trait]
pub(super) trait Tickets: Send + Sync + 'static {
    fn rules(&self) -> &TicketRules;

    /// The ticket that an earlier attempt opened for this request.
    async fn find(&self, request: &TicketRequest<'_>) -> Result<Option<Ticket>, Failure>;

    async fn open(&self, request: &TicketRequest<'_>) -> Result<Ticket, Failure>;

    /// The texts of our own entries in the journal.
    async fn written(&self, ticket: &Ticket) -> Result<Vec<String>, Failure>;

    /// Writes one entry for human agents.
    async fn write(&self, ticket: &Ticket, text: &str) -> Result<(), Failure>;

    /// Writes the last entry when the visitor leaves.
    async fn leave(&self, ticket: &Ticket, text: &str) -> Result<(), Failure>;

    /// A missing ticket is left out of the result.
    async fn read(&self, wanted: &TicketQuery<'_>) -> Result<Vec<TicketState>, Failure>;
}

/// The settings that all ticket tools share.
pub(super) struct TicketRules {
    pub(super) label: EntryLabel,
    /// Tells the visitor about the new ticket; `{number}` is replaced by [`Ticket::number`].
    pub(super) notice: String,
    /// Characters of an entry; a longer text is written as several entries.
    pub(super) entry_chars_max: usize,
    pub(super) poll_seconds: f64,
    /// Messages of the visitor within this time are one entry, in milliseconds.
    pub(super) gather: Millis,
}

impl TicketRules {
    /// Fails with what is wrong with `poll_seconds`.
    pub(super) fn new(
        label: &str,
        notice: &str,
        entry_chars_max: usize,
        poll_seconds: f64,
    ) -> Result<Self, &'static str> {
        if !poll_seconds.is_finite() || poll_seconds <= 0.0 {
            return Err("is a number of seconds above 0");
        }
        Ok(Self {
            label: EntryLabel::new(label),
            notice: notice.to_owned(),
            // Less has no room for a label and a word.
            entry_chars_max: entry_chars_max.max(100),
            poll_seconds: poll_seconds.clamp(POLL_SECONDS_MIN, 3_600.0),
            gather: 0,
        })
    }

    /// Fails with what is wrong with `gather_seconds`.
    pub(super) fn gathering(self, seconds: f64) -> Result<Self, &'static str> {
        if !(0.0..=GATHER_SECONDS_MAX).contains(&seconds) {
            return Err("is a number of seconds from 0 to 60");
        }
        Ok(Self { gather: (seconds * 1_000.0).round() as Millis, ..self })
    }
}

/// The times of chats that are tickets: human agents answer tickets later than chats.
pub(super) fn clock() -> chat::Clock {
    chat::Clock { queue: ANSWER_WAIT_MS, idle: ANSWER_WAIT_MS, ..chat::Clock::default() }
}

pub(super) fn default_notice() -> String {
    "Your request has the number {number}. Answers may take a few minutes: please keep this chat \
     open."
        .to_owned()
}

pub(super) fn default_label() -> String {
    "chat".to_owned()
}
