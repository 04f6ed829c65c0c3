//! Which chats are open at the tool, for what runs beside them: a call of the webhook finds the
//! chat's seat by the customer, an event by the conversation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

/// Message ids that are remembered of one chat.
const HEARD_MAX: usize = 100;

/// What is shared about one chat.
pub(super) struct Seat {
    pub(super) customer: String,
    pub(super) conversation: String,
    /// It is time to look at the conversation.
    pub(super) look: Notify,
    /// Events of it are told to us.
    pub(super) subscribed: AtomicBool,
    /// An agent was seen in it.
    pub(super) attended: AtomicBool,
    /// The webhook brings messages under the ids they have in the conversation, and so far it has
    /// left out none.
    pub(super) trusts_webhook: AtomicBool,
    /// It has brought something under another id than the conversation shows.
    pub(super) unmatched: AtomicBool,
    /// We have no right to look at the conversation.
    pub(super) unreadable: AtomicBool,
    /// Messages the webhook brought that were told as it brought them.
    heard: Mutex<Vec<String>>,
    /// Messages of the conversation, as of the last look.
    shown: Mutex<Vec<String>>,
    /// Looks that were begun, and the latest of which everything is stored.
    begun: AtomicU64,
    stored: watch::Sender<u64>,
}

impl Seat {
    pub(super) fn note_heard(&self, message: &str) {
        let mut heard = self.heard.lock();
        if heard.len() == HEARD_MAX {
            heard.remove(0);
        }
        heard.push(message.to_owned());
    }

    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().clone()
    }

    pub(super) fn note_shown(&self, messages: &[String]) {
        messages.clone_into(&mut self.shown.lock());
    }

    /// Whether the conversation showed a message at the last look.
    pub(super) fn shows(&self, message: &str) -> bool {
        self.shown.lock().iter().any(|shown| shown == message)
    }

    /// The number of the look that begins.
    pub(super) fn begin_look(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Everything a look found is stored.
    pub(super) fn note_stored(&self, look: u64) {
        self.stored.send_replace(look);
    }

    /// Whether a look that begins from now on was made and stored within this time.
    pub(super) async fn is_looked_at(&self, within: Duration) -> bool {
        let next = self.begun.load(Ordering::Relaxed) + 1;
        let mut stored = self.stored.subscribe();
        self.look.notify_one();
        let looked = stored.wait_for(|look| *look >= next);
        matches!(tokio::time::timeout(within, looked).await, Ok(Ok(_)))
    }

    /// Whether we are told when it is time to look: of events, and of messages by their ids.
    pub(super) fn is_told(&self) -> bool {
        self.subscribed.load(Ordering::Relaxed) && !self.unmatched.load(Ordering::Relaxed)
    }
}

/// Every seat there is.
#[derive(Default)]
pub(super) struct Seats {
    taken: Mutex<Vec<Arc<Seat>>>,
    /// A seat was taken or left.
    pub(super) changed: Notify,
}

impl Seats {
    pub(super) fn take(&self, customer: &str, conversation: &str) -> Arc<Seat> {
        let seat = Arc::new(Seat {
            customer: customer.to_owned(),
            conversation: conversation.to_owned(),
            look: Notify::new(),
            subscribed: AtomicBool::new(false),
            attended: AtomicBool::new(false),
            trusts_webhook: AtomicBool::new(false),
            unmatched: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
            heard: Mutex::default(),
            shown: Mutex::default(),
            begun: AtomicU64::new(0),
            stored: watch::channel(0).0,
        });
        self.taken.lock().push(seat.clone());
        self.changed.notify_one();
        seat
    }

    pub(super) fn leave(&self, seat: &Arc<Seat>) {
        self.taken.lock().retain(|taken| !Arc::ptr_eq(taken, seat));
        self.changed.notify_one();
    }

    pub(super) fn all(&self) -> Vec<Arc<Seat>> {
        self.taken.lock().clone()
    }

    pub(super) fn of_customer(&self, customer: &str) -> Option<Arc<Seat>> {
        self.taken.lock().iter().find(|seat| seat.customer == customer).cloned()
    }

    /// Something happened in a conversation.
    pub(super) fn look_at(&self, conversation: &str) {
        for seat in self.taken.lock().iter().filter(|seat| seat.conversation == conversation) {
            seat.look.notify_one();
        }
    }

    /// Nobody is told of events any more: whoever was has to look, for the last may be lost.
    pub(super) fn unsubscribe(&self) {
        for seat in self.taken.lock().iter() {
            if seat.subscribed.swap(false, Ordering::Relaxed) {
                seat.look.notify_one();
            }
        }
    }
}
