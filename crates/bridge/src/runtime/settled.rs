//! Waiting, while the platform waits too, for whether the tool takes a chat.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

/// The chats somebody waits for.
#[derive(Default)]
pub(super) struct Settled(Mutex<HashMap<String, watch::Sender<()>>>);

impl Settled {
    /// Changes with everything that is stored of `chat` from now on.
    pub(super) fn watch(&self, chat: &str) -> watch::Receiver<()> {
        let mut watched = self.lock();
        watched.entry(chat.to_owned()).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Something about `chat` was stored.
    pub(super) fn tell(&self, chat: &str) {
        let mut watched = self.lock();
        if watched.get(chat).is_some_and(|watched| watched.send(()).is_err()) {
            watched.remove(chat);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        // Nothing that holds the lock can panic half way, so what it guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
