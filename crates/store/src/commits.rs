//! Subscribers of commits: what in this process is called after each commit of a kind of machine.
//!
//! The store's own task calls them, in commit order for each machine, before the caller of the
//! step is answered. They must not block. A panic in one of them is caught and logged.

use machine::{Machine, Recorded};
use parking_lot::RwLock;
use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// What one commit did to one machine.
pub struct Committed<M: Machine> {
    pub owner: Arc<str>,
    pub id: Arc<str>,
    /// The state after the step.
    pub state: Arc<M>,
    /// What the step recorded. Empty when only the checkpoint changed.
    pub events: Arc<[Recorded<M::Event>]>,
}

/// Ends a subscription when it is dropped; see [`crate::Store::on_commit`].
#[must_use = "dropping the guard ends the subscription"]
pub struct CommitGuard {
    subscribers: Arc<Subscribers>,
    subscriber: AnySubscriber,
}

/// Everything in this process that is called after commits.
#[derive(Default)]
pub(crate) struct Subscribers {
    /// The list is replaced as a whole, so that no lock is held while
    /// subscribers run.
    list: RwLock<Arc<[AnySubscriber]>>,
}

/// A `Subscriber<M>` of some machine.
type AnySubscriber = Arc<dyn Any + Send + Sync>;

struct Subscriber<M: Machine>(Hear<M>);

type Hear<M> = Box<dyn Fn(&Committed<M>) + Send + Sync>;

impl Subscribers {
    pub(crate) fn add<M: Machine>(
        self: &Arc<Self>,
        hear: impl Fn(&Committed<M>) + Send + Sync + 'static,
    ) -> CommitGuard {
        let subscriber: AnySubscriber = Arc::new(Subscriber::<M>(Box::new(hear)));
        let mut list = self.list.write();
        *list = list.iter().chain([&subscriber]).cloned().collect();
        CommitGuard { subscribers: self.clone(), subscriber }
    }

    /// Calls the subscribers of `M`; `committed` is made only when there is one.
    pub(crate) fn tell<M: Machine>(&self, committed: impl FnOnce() -> Committed<M>) {
        let list = self.list.read().clone();
        let mut subscribers =
            list.iter().filter_map(|any| any.downcast_ref::<Subscriber<M>>()).peekable();
        if subscribers.peek().is_none() {
            return;
        }
        let committed = committed();
        for Subscriber(hear) in subscribers {
            if catch_unwind(AssertUnwindSafe(|| hear(&committed))).is_err() {
                tracing::error!(
                    machine.id = %committed.id,
                    "a subscriber panicked when it was told of a commit"
                );
            }
        }
    }
}

impl Drop for CommitGuard {
    fn drop(&mut self) {
        let mut list = self.subscribers.list.write();
        *list = list.iter().filter(|any| !Arc::ptr_eq(any, &self.subscriber)).cloned().collect();
    }
}

impl fmt::Debug for CommitGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitGuard").finish_non_exhaustive()
    }
}

impl<M: Machine> fmt::Debug for Committed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Committed");
        shown.field("owner", &self.owner).field("id", &self.id).finish_non_exhaustive()
    }
}
