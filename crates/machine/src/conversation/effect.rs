//! What a conversation can owe: one call to its bot, or to its bridge.

use super::{PastPause, Said, Trigger};

/// A call that is owed. `(turn, epoch)` identifies it; its answer must carry both. `session` counts
/// the bot's sessions in this conversation, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    QueryBot {
        turn: u64,
        epoch: u64,
        session: u64,
        said: Said,
        details: QueryDetails,
    },
    /// Webhook, step one. `response` is the bot's answer that carried the trigger, as JSON; empty
    /// when its query failed. `unheard` is the first input that the bot answered because the
    /// human's side was away, and of which it was not told yet.
    StepOne {
        turn: u64,
        epoch: u64,
        session: u64,
        said: Said,
        response: String,
        unheard: Option<u64>,
    },
    /// Webhook, step two.
    StepTwo {
        turn: u64,
        epoch: u64,
        session: u64,
        said: Said,
        unheard: Option<u64>,
    },
}

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Callee {
    Bot,
    Bridge,
}

impl Effect {
    /// The input that the call is about.
    #[must_use]
    pub fn turn(&self) -> u64 {
        self.id().0
    }

    /// The epoch in which the call is made.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.id().1
    }

    #[must_use]
    pub fn callee(&self) -> Callee {
        match self {
            Self::QueryBot { .. } => Callee::Bot,
            Self::StepOne { .. } | Self::StepTwo { .. } => Callee::Bridge,
        }
    }

    fn id(&self) -> (u64, u64) {
        match self {
            Self::QueryBot { turn, epoch, .. }
            | Self::StepOne { turn, epoch, .. }
            | Self::StepTwo { turn, epoch, .. } => (*turn, *epoch),
        }
    }
}

/// What goes to the bot together with the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryDetails {
    /// Used triggers, to be cleared with this query.
    pub clear: Vec<Trigger>,
    /// The last pause, until the bot has answered once after it.
    pub past_pause: Option<PastPause>,
    /// The bot's own data from its last answer in this session.
    pub memory: Option<String>,
}
