//! A second look at a machine after the answer to a commit was lost.
//!
//! The PostgreSQL writer runs it as a unit of its own when the database answers again. It locks
//! the row, so that it sees how the lost commit ended. If the commit is stored, everybody is told
//! what they would have been told then.

use crate::{
    error::StoreError,
    rows::{Found, Target, Want},
    signals::Signals,
    unit::{RecheckKey, Unit},
    workbench::Workbench,
};
use machine::{Machine, Position, Recorded};
use std::sync::Arc;

/// One lost step. What it recorded is told again only if the machine has come that far; that is
/// exact as long as no other process writes to the database.
pub(crate) struct Recheck<M: Machine> {
    pub(crate) owner: Arc<str>,
    pub(crate) id: String,
    /// Where the machine stands if the lost commit was stored.
    pub(crate) position: Position,
    pub(crate) events: Arc<[Recorded<M::Event>]>,
    pub(crate) found: Option<Arc<M>>,
}

impl<M: Machine> Unit for Recheck<M> {
    fn want(&self) -> Want<'_> {
        Want { target: Target::Id(&self.id), key: None }
    }

    fn decide(&mut self, workbench: &mut Workbench, found: Found) {
        if let Some(row) = found.row {
            workbench.admit(row);
        }
        // A machine that cannot be read is set aside by the next one who asks for it.
        let found = workbench.machine::<M>(&self.owner, &self.id).ok().flatten();
        self.found = found.filter(|machine| machine.position() >= self.position);
    }

    fn recheck(&self, failed: &StoreError) -> Option<(RecheckKey, Box<dyn Unit>)> {
        failed.is_temporary().then(|| {
            let (owner, id, position) = (self.owner.clone(), self.id.clone(), self.position);
            let events = self.events.clone();
            let again: Box<dyn Unit> = Box::new(Self { owner, id, position, events, found: None });
            ((self.id.clone(), position), again)
        })
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>, signals: &Signals) {
        if let (Ok(()), Some(state)) = (committed, self.found) {
            signals.found(&self.owner, &self.id, &state, self.events);
        }
    }
}
