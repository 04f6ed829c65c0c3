//! What a unit of work looks for, what is found for it, and the rows that a batch writes.

use crate::{
    error::StoreError,
    query::{Columns, Query},
    stored::StoredState,
};
use std::sync::Arc;

/// What a unit must see before it decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want<'a> {
    pub(crate) target: Target<'a>,
    /// The idempotency key to look up for the machine that is found.
    pub(crate) key: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    Nothing,
    Id(&'a str),
    /// Known in memory already: only the key is looked up.
    Held(&'a str),
    Peer(PeerRef<'a>),
}

impl Target<'_> {
    /// Whether both are found by the same key.
    pub(crate) fn is_same_row(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Id(one) | Self::Held(one), Self::Id(other) | Self::Held(other)) => one == other,
            (Self::Peer(one), Self::Peer(other)) => one == other,
            _ => false,
        }
    }
}

/// The open machine of one kind that an owner has with one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PeerRef<'a> {
    pub(crate) kind: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) peer: &'a str,
}

/// What was found for one [`Want`].
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) row: Option<Row>,
    pub(crate) seen: Option<SeenKey>,
}

/// A stored machine, its state still text.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) owner: String,
    pub(crate) state: StoredState,
}

impl Row {
    /// From the columns `id, kind, owner, state, format, checkpoint, unreadable, checksum`.
    pub(crate) fn of(row: &dyn Columns) -> Result<Self, StoreError> {
        let [id, kind, owner] = [row.text(0)?, row.text(1)?, row.text(2)?].map(str::to_owned);
        let state = StoredState::of(&id, row, 3);
        Ok(Self { id, kind, owner, state })
    }
}

/// The event that an idempotency key was recorded on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeenKey {
    pub(crate) seq: u64,
    pub(crate) fingerprint: u64,
}

/// A machine as it is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct SubjectRow {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) owner: Arc<str>,
    pub(crate) peer: Option<String>,
    pub(crate) state: String,
    pub(crate) format: u32,
    pub(crate) checkpoint: Option<String>,
    pub(crate) checksum: i64,
    pub(crate) seq: u64,
    pub(crate) wake_at: Option<i64>,
    pub(crate) owes: bool,
}

/// An event as it is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    pub(crate) subject: String,
    pub(crate) seq: u64,
    pub(crate) sub: u64,
    pub(crate) at: i64,
    pub(crate) key: Option<(String, u64)>,
    pub(crate) body: String,
    pub(crate) format: u32,
    pub(crate) checksum: i64,
}

/// What a batch writes. Changed rows go first: they may free the peer a fresh one takes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) changed: Vec<SubjectRow>,
    pub(crate) fresh: Vec<SubjectRow>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) statements: Vec<Query>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.fresh.is_empty() && self.statements.is_empty()
    }
}
