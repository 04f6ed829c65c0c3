//! What runs beside requests, and how it is told to stop.

use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of one bridge. Clones are the same tasks.
#[derive(Clone)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    /// The store tells of commits from a thread that may be none of the runtime's.
    handle: Handle,
    /// Cancelled when the bridge is told to stop.
    pub(crate) stop: CancellationToken,
}

impl Tasks {
    /// Must be called within a Tokio runtime.
    pub(crate) fn new() -> Self {
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { tracker, handle: Handle::current(), stop }
    }

    /// Tasks that can be told to stop alone, and stop with these.
    pub(crate) fn part(&self) -> Self {
        let part = Self {
            tracker: TaskTracker::new(),
            handle: self.handle.clone(),
            stop: self.stop.child_token(),
        };
        let waited_for = part.clone();
        self.spawn(async move {
            waited_for.stop.cancelled().await;
            waited_for.stopped().await;
        });
        part
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tracker.spawn_on(task, &self.handle)
    }

    /// Ends when everything has ended after the bridge was told to stop.
    pub(crate) async fn stopped(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
