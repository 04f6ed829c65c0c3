//! The seam between the ledger and the two databases.
//!
//! Reads and small writes are a [`Query`]: one SQL text with `$n` placeholders for both engines.
//! A unit of work is [`work`]: one body that finds what a batch of units needs, lets every unit
//! decide in memory, and puts what they decided. SQLite runs it on its writer thread, where its
//! futures are always ready; PostgreSQL runs it with one round trip to find and one to put.

use crate::{
    error::StoreError,
    stored::StoredState,
    unit::Unit,
    workbench::{Changes, Workbench},
};

/// An argument of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Int(i64),
    MaybeInt(Option<i64>),
    MaybeText(Option<String>),
    Bool(bool),
}

impl Value {
    /// False for what neither a row nor a question can hold.
    pub(crate) fn is_storable(&self) -> bool {
        !matches!(self, Self::Text(text) | Self::MaybeText(Some(text)) if has_nul(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// One statement with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) sql: &'static str,
    pub(crate) args: Vec<Value>,
}

/// True for a text that is stored nowhere: PostgreSQL knows no NUL, and to SQLite's own functions
/// the text ends there.
pub(crate) fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// Refuses a text with a NUL before it meets the database, where it would fail a whole batch.
pub(crate) fn check_storable(what: &str, text: &str) -> Result<(), StoreError> {
    if has_nul(text) {
        return Err(StoreError::Unstorable(format!("{what} has a NUL character in it")));
    }
    Ok(())
}

/// One row of an answer, borrowed from the driver.
pub(crate) trait Columns {
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError>;
}

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
    /// From the columns `id, kind, owner, state, format, checkpoint, unreadable`.
    pub(crate) fn of(row: &dyn Columns) -> Result<Self, StoreError> {
        let [id, kind, owner] = [row.text(0)?, row.text(1)?, row.text(2)?].map(str::to_owned);
        Ok(Self { id, kind, owner, state: StoredState::of(row, 3) })
    }
}

/// The event that an idempotency key was recorded on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeenKey {
    pub(crate) seq: u64,
    pub(crate) fingerprint: u64,
}

/// An open transaction.
pub(crate) trait Tx {
    /// Answers every want, in order, with its row locked until the end of the transaction.
    fn find(
        &mut self,
        wants: &[Want<'_>],
    ) -> impl Future<Output = Result<Vec<Found>, StoreError>> + Send;
    /// Writes a batch. Nothing follows but the commit, so an engine may commit in the same trip.
    fn put(&mut self, changes: Changes) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Runs a batch of units inside an open transaction; true when something was written.
///
/// Every unit decides before anything is written, so a refusal leaves nothing behind and needs no
/// savepoint. When a write itself fails, the caller undoes the whole batch.
pub(crate) async fn work<T: Tx>(
    tx: &mut T,
    workbench: &mut Workbench,
    units: &mut [Box<dyn Unit>],
) -> Result<bool, StoreError> {
    let found = tx.find(&wants(workbench, units)).await?;
    for (unit, found) in units.iter_mut().zip(found) {
        unit.decide(workbench, found);
    }
    let changes = workbench.take_changes();
    if changes.is_empty() {
        return Ok(false);
    }
    tx.put(changes).await?;
    Ok(true)
}

fn wants<'a>(workbench: &Workbench, units: &'a [Box<dyn Unit>]) -> Vec<Want<'a>> {
    let mut wants: Vec<Want<'a>> = units.iter().map(|unit| unit.want()).collect();
    for want in &mut wants {
        if let Target::Id(id) = want.target
            && workbench.holds(id)
        {
            want.target = Target::Held(id);
        }
    }
    wants
}
