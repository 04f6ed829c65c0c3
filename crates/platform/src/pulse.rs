//! One clock for the pings of all sockets. Each socket takes one of 25 slots; each second the
//! sockets of the next slot ping. So pings are spread out and no socket needs a timer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::limit::PING_SECONDS;

#[derive(Default)]
pub(crate) struct Pulse {
    slots: [Notify; PING_SECONDS],
    next: AtomicUsize,
}

impl Pulse {
    /// The slot of a new socket, in turn.
    pub(crate) fn slot(&self) -> &Notify {
        &self.slots[self.next.fetch_add(1, Ordering::Relaxed) % PING_SECONDS]
    }

    /// Beats until `shutdown`.
    pub(crate) async fn beat(self: Arc<Self>, shutdown: CancellationToken) {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        for slot in self.slots.iter().cycle() {
            tokio::select! {
                _ = seconds.tick() => slot.notify_waiters(),
                () = shutdown.cancelled() => return,
            }
        }
    }
}
