//! The open chats of all routes at the desk, read once for all agents who look at them.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use store::StoreError;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use wire::desk::Chat;

use super::{closed::ClosedChat, view};
use crate::{
    route::{OPEN_MAX, Route},
    routes::Routes,
};

/// Least distance between two readings.
const GAP: Duration = Duration::from_millis(50);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Tells streams that something on the board changed.
pub(crate) struct Board(watch::Sender<Arc<[Chat]>>);

impl Default for Board {
    fn default() -> Self {
        Self(watch::channel(Arc::from([])).0)
    }
}

impl Board {
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<[Chat]>> {
        self.0.subscribe()
    }

    /// Keeps the board up to date until `stop`.
    pub(crate) async fn keep(&self, routes: &Routes, stop: &CancellationToken) {
        let mut changes = routes.changes();
        let mut is_first = true;
        loop {
            tokio::select! {
                () = self.keep_of(routes.at_desk(), is_first) => {}
                changed = changes.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
            is_first = false;
        }
    }

    /// Keeps the board of these routes up to date. At the start there is nothing to tell; after a
    /// change of the routes, other chats may be on the board.
    async fn keep_of(&self, routes: Vec<Arc<Route>>, is_first: bool) {
        let changed = Notify::new();
        if !is_first {
            changed.notify_one();
        }
        let watching = join_all(routes.iter().map(|route| async {
            let mut owner = route.ledger.watch_owner();
            loop {
                owner.changed().await;
                changed.notify_one();
            }
        }));
        let reading = async {
            loop {
                changed.notified().await;
                let pause = match open_chats(&routes).await {
                    Ok(chats) => {
                        // A long board costs more to read and to send, so it is read less often.
                        let pause = GAP + Duration::from_millis(chats.len() as u64);
                        self.0.send_replace(chats.into());
                        pause
                    }
                    Err(error) => {
                        tracing::error!(%error, "the open chats could not be read");
                        changed.notify_one();
                        STORE_PAUSE
                    }
                };
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! {
            _ = watching, if !routes.is_empty() => {}
            () = reading => {}
        }
    }
}

/// The open chats of `routes`, longest waiting first: all of them, or those at the end would wait
/// where no agent sees them.
pub(crate) async fn open_chats(routes: &[Arc<Route>]) -> Result<Vec<Chat>, StoreError> {
    let mut chats = Vec::new();
    for route in routes {
        let found = route.ledger.open_ids(OPEN_MAX).await?;
        let open = found.iter().filter(|(_, state)| state.is_open());
        chats.extend(open.map(|(id, state)| view::chat(&route.id, id, state, None)));
    }
    let rank = |chat: &Chat| (chat.waiting_since.is_none(), chat.waiting_since.clone());
    chats.sort_by_cached_key(rank);
    Ok(chats)
}

/// What one agent sees: all that is open, and what was closed lately and concerns them.
pub(crate) fn with_closed(open: &[Chat], closed: &[ClosedChat]) -> Vec<Chat> {
    let mut chats = open.to_vec();
    let closed = closed.iter().filter(|chat| !open.iter().any(|open| open.id == chat.id));
    chats.extend(
        closed.map(|chat| view::chat(&chat.route, &chat.id, &chat.state, chat.agent.as_ref())),
    );
    chats
}
