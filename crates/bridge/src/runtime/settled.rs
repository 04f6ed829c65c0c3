//! Waiting, while the platform waits too, for whether the tool takes a chat.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;

/// The chats that are waited for.
#[derive(Default)]
pub(super) struct Settled(Arc<Watched>);

type Watched = Mutex<HashMap<String, watch::Sender<()>>>;

/// Waits for one chat. Nothing of it stays behind once it is dropped.
pub(super) struct Settling {
    watched: Arc<Watched>,
    chat: String,
    /// `None` only while it is dropped.
    changes: Option<watch::Receiver<()>>,
}

impl Settled {
    /// Hears of everything that is stored of `chat` from now on.
    pub(super) fn watch(&self, chat: &str) -> Settling {
        let mut watched = self.0.lock();
        let changes = watched.entry(chat.to_owned()).or_insert_with(|| watch::channel(()).0);
        let changes = Some(changes.subscribe());
        Settling { watched: self.0.clone(), chat: chat.to_owned(), changes }
    }

    /// Something about `chat` was stored.
    pub(super) fn tell(&self, chat: &str) {
        if let Some(changes) = self.0.lock().get(chat) {
            changes.send_replace(());
        }
    }
}

impl Settling {
    /// Ends when something was stored since this was last waited for.
    pub(super) async fn changed(&mut self) {
        if let Some(changes) = &mut self.changes {
            // The sender lives as long as this one waits.
            let _ = changes.changed().await;
        }
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        let mut watched = self.watched.lock();
        self.changes = None;
        if watched.get(&self.chat).is_some_and(watch::Sender::is_closed) {
            watched.remove(&self.chat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_to_wait_leaves_nothing_behind() {
        let settled = Settled::default();
        let (mut first, second) = (settled.watch("cht_1"), settled.watch("cht_1"));
        settled.tell("cht_1");
        first.changed().await;
        drop(first);
        assert_eq!(settled.0.lock().len(), 1);
        drop(second);
        settled.tell("cht_1");
        assert!(settled.0.lock().is_empty());
    }
}
