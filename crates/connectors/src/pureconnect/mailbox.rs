//! Events that webhook calls bring, kept for the session of the chat until it takes them.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::event::Event;

/// Most events that wait for one session. Further ones are dropped; the next poll brings them.
const EVENTS_MAX: usize = 200;

/// The mailboxes of all running sessions, by the names of their handovers.
#[derive(Default)]
pub(super) struct Mailboxes(Mutex<HashMap<String, Weak<Mailbox>>>);

#[derive(Default)]
pub(super) struct Mailbox {
    events: Mutex<Vec<Event>>,
    arrived: Notify,
}

impl Mailboxes {
    /// The mailbox of a handover. It is removed when its last user drops it.
    pub(super) fn mailbox(&self, name: &str) -> Arc<Mailbox> {
        let mut mailboxes = self.0.lock();
        if let Some(mailbox) = mailboxes.get(name).and_then(Weak::upgrade) {
            return mailbox;
        }
        mailboxes.retain(|_, mailbox| mailbox.strong_count() > 0);
        let mailbox = Arc::new(Mailbox::default());
        mailboxes.insert(name.to_owned(), Arc::downgrade(&mailbox));
        mailbox
    }

    /// Does nothing when no session of the handover runs: the next poll brings the same events.
    pub(super) fn put(&self, name: &str, events: Vec<Event>) {
        let Some(mailbox) = self.0.lock().get(name).and_then(Weak::upgrade) else { return };
        let mut waiting = mailbox.events.lock();
        let room = EVENTS_MAX.saturating_sub(waiting.len());
        waiting.extend(events.into_iter().take(room));
        mailbox.arrived.notify_one();
    }
}

impl Mailbox {
    /// Ends when events have arrived. May be dropped at any await.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock())
    }
}
