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
