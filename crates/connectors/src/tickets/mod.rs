//! What tools without a chat have in common: a ticket holds the conversation, the visitor's words
//! are written into its journal, and one poll for all open tickets finds what agents answer.
//!
//! A vendor's connector says how its tickets are opened, written and read ([`Tickets`]); sessions,
//! the poll, and how our own lines are recognized are here. Events carry the journal's own ids, so
//! that reading everything again after a restart tells nobody anything twice.

use connector::{Failure, HandoverInfo};
use machine::{
    Millis,
    chat::{self, Agent, Opening},
    limits::HOUR_MS,
};
use serde::{Deserialize, Serialize};

mod follow;
mod mark;
mod session;

#[cfg(test)]
mod tests;

pub(super) use follow::follow;
pub(super) use mark::Mark;
pub(super) use session::TicketSession;

/// Fewest seconds between two polls.
const POLL_SECONDS_MIN: f64 = 0.02;
/// Most seconds for which quick lines are gathered, and how many usually.
const GATHER_SECONDS_MAX: f64 = 60.0;
pub(super) const GATHER_SECONDS: f64 = 2.0;
/// How long a visitor waits for an answer in a ticket, at first and later.
const PATIENCE_MS: Millis = 4 * HOUR_MS;

/// A ticket of ours, and what is stored of it as the checkpoint of its chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// Its key in the tool's API.
    pub(super) id: String,
    /// What people call it.
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

/// A handover before it is a ticket.
pub(super) struct Case<'a> {
    /// `{chat}.{opening}`: the same at every attempt, and no other handover's.
    pub(super) reference: String,
    pub(super) brief: &'a HandoverInfo,
    pub(super) opening: &'a Opening,
    /// The transcript, a line for each line said.
    pub(super) lines: Vec<String>,
}

/// What an agent wrote for the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Stable over repeats, and within the ticket no other entry's.
    pub(super) id: String,
    pub(super) agent: Agent,
    /// Safe Markdown.
    pub(super) text: String,
}

/// How far a ticket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    /// Waits for somebody else.
    Held,
    /// Solved or closed, with what was written about the solution.
    Over {
        resolution: String,
    },
}

/// A ticket as a poll finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) stage: Stage,
    /// Who has it.
    pub(super) assignee: Option<Agent>,
    /// Oldest first; those the poll knows already may be left out.
    pub(super) replies: Vec<Reply>,
}

/// What a poll has to read.
pub(super) struct Wanted<'a> {
    pub(super) tickets: &'a [Ticket],
    /// The journals of some have not been read by this process: read them whole.
    pub(super) whole: bool,
    /// Whether a journal entry was passed on before.
    pub(super) is_known: &'a (dyn Fn(&str) -> bool + Sync),
}

/// How a vendor's tickets are worked with.
#[async_trait::async_trait]
pub(super) trait Tickets: Send + Sync + 'static {
    fn manner(&self) -> &Manner;

    /// The ticket an earlier attempt opened for this case.
    async fn find(&self, case: &Case<'_>) -> Result<Option<Ticket>, Failure>;

    async fn open(&self, case: &Case<'_>) -> Result<Ticket, Failure>;

    /// Everything we wrote into the journal, an item for each entry.
    async fn written(&self, ticket: &Ticket) -> Result<Vec<String>, Failure>;

    /// Writes one entry for agents to read.
    async fn write(&self, ticket: &Ticket, text: &str) -> Result<(), Failure>;

    /// The last entry: the chat is over.
    async fn leave(&self, ticket: &Ticket, text: &str) -> Result<(), Failure>;

    /// A ticket that is not there is left out.
    async fn look(&self, wanted: &Wanted<'_>) -> Result<Vec<Seen>, Failure>;
}

/// Settings that all ticket tools have.
pub(super) struct Manner {
    pub(super) mark: Mark,
    /// Said to the visitor once there is a ticket; `{number}` stands for what people call it.
    pub(super) notice: String,
    /// Longer texts are written as several entries.
    pub(super) entry_chars_max: usize,
    pub(super) poll_seconds: f64,
    /// Quick lines of a visitor are one entry.
    pub(super) gather: Millis,
}

impl Manner {
    /// Fails with what is wrong with `poll_seconds`.
    pub(super) fn new(
        mark: &str,
        notice: &str,
        entry_chars_max: usize,
        poll_seconds: f64,
    ) -> Result<Self, &'static str> {
        if !poll_seconds.is_finite() || poll_seconds <= 0.0 {
            return Err("is a number of seconds above 0");
        }
        Ok(Self {
            mark: Mark::new(mark),
            notice: notice.to_owned(),
            // Below this a mark and a word would have no room.
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

/// The times of chats that are tickets: human agents who work on tickets answer later.
pub(super) fn clock() -> chat::Clock {
    chat::Clock { queue: PATIENCE_MS, idle: PATIENCE_MS, ..chat::Clock::default() }
}

pub(super) fn default_notice() -> String {
    "Your request has the number {number}. Answers may take a few minutes: please keep this chat \
     open."
        .to_owned()
}

pub(super) fn default_mark() -> String {
    "chat".to_owned()
}
