//! One clock for all sockets' pings: each socket has one of 25 places, and each second the sockets
//! of one place are told to ping. So pings are spread out and no socket needs a timer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::{app::App, limit::PING_SECONDS};

#[derive(Default)]
pub(crate) struct Pulse {
    places: [Notify; PING_SECONDS],
    next: AtomicUsize,
}

impl Pulse {
    /// A place for a new socket, in turn.
    pub(crate) fn place(&self) -> &Notify {
        &self.places[self.next.fetch_add(1, Ordering::Relaxed) % PING_SECONDS]
    }
}

/// Beats until the end of the process.
pub(crate) async fn beat(app: Arc<App>) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    for place in app.pulse.places.iter().cycle() {
        tokio::select! {
            _ = seconds.tick() => place.notify_waiters(),
            () = app.shutdown.cancelled() => return,
        }
    }
}
