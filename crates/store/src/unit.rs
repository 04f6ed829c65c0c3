//! One unit of work, with the type of its machine erased so that any units share a commit.

use crate::{
    error::StoreError,
    query::Query,
    rows::{Found, Target, Want},
    signals::Signals,
    workbench::Workbench,
};
use machine::Position;
use tokio::sync::oneshot;

/// A machine and the position of one of its steps, so that rechecks run in the order of the steps.
pub(crate) type RecheckKey = (String, Position);

/// Something a writer runs inside a transaction together with other units.
pub(crate) trait Unit: Send {
    fn want(&self) -> Want<'_>;
    /// Decides from what was found and leaves what is to be written on the workbench, or leaves it
    /// as it was. Called again, from the start, when the batch had to be undone.
    fn decide(&mut self, workbench: &mut Workbench, found: Found);
    /// After a failed batch: what must be looked at again when the database answers, with the id
    /// of its machine. A later one for the same machine takes the place of an earlier one.
    fn recheck(&self, _failed: &StoreError) -> Option<(RecheckKey, Box<dyn Unit>)> {
        None
    }
    /// Told once, after the commit was synced or the batch was given up.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>, signals: &Signals);
}

/// Plain statements that need no machine: records, and the probe for readiness.
pub(crate) struct Statements {
    queries: Vec<Query>,
    /// Machines that the statements change past the workbench.
    machines: Vec<String>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

impl Statements {
    /// The unit, and where its outcome arrives.
    pub(crate) fn new(
        queries: Vec<Query>,
        machines: Vec<String>,
    ) -> (Box<Self>, oneshot::Receiver<Result<(), StoreError>>) {
        let (reply, outcome) = oneshot::channel();
        (Box::new(Self { queries, machines, reply }), outcome)
    }
}

impl Unit for Statements {
    fn want(&self) -> Want<'_> {
        // With nothing to write it is a question whether the writer can read.
        let target = if self.queries.is_empty() { Target::Id("") } else { Target::Nothing };
        Want { target, key: None }
    }

    fn decide(&mut self, workbench: &mut Workbench, _found: Found) {
        self.machines.iter().for_each(|id| workbench.forget(id));
        workbench.run(self.queries.iter().cloned());
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>, _signals: &Signals) {
        // The caller may have been cancelled. The statements ran all the same.
        let _ = self.reply.send(committed);
    }
}
