//! Which chats are open at the tool, for what runs beside them: a call of the webhook finds the
//! chat's seat by the customer, an event by the conversation.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

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
    /// Messages that came by the webhook, by their ids.
    heard: Mutex<Vec<String>>,
}

impl Seat {
    pub(super) fn note_heard(&self, message: &str) {
        let mut heard = lock(&self.heard);
        if heard.len() == HEARD_MAX {
            heard.remove(0);
        }
        heard.push(message.to_owned());
    }

    pub(super) fn heard(&self) -> Vec<String> {
        lock(&self.heard).clone()
    }

    pub(super) fn is_subscribed(&self) -> bool {
        self.subscribed.load(Ordering::Relaxed)
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
            heard: Mutex::default(),
        });
        lock(&self.taken).push(seat.clone());
        self.changed.notify_one();
        seat
    }

    pub(super) fn leave(&self, seat: &Arc<Seat>) {
        lock(&self.taken).retain(|taken| !Arc::ptr_eq(taken, seat));
        self.changed.notify_one();
    }

    pub(super) fn all(&self) -> Vec<Arc<Seat>> {
        lock(&self.taken).clone()
    }

    pub(super) fn of_customer(&self, customer: &str) -> Option<Arc<Seat>> {
        lock(&self.taken).iter().find(|seat| seat.customer == customer).cloned()
    }

    /// Something happened in a conversation.
    pub(super) fn look_at(&self, conversation: &str) {
        for seat in lock(&self.taken).iter().filter(|seat| seat.conversation == conversation) {
            seat.look.notify_one();
        }
    }

    /// Nobody is told of events any more: whoever was has to look, for the last may be lost.
    pub(super) fn unsubscribe(&self) {
        for seat in lock(&self.taken).iter() {
            if seat.subscribed.swap(false, Ordering::Relaxed) {
                seat.look.notify_one();
            }
        }
    }
}

/// Nothing that holds these locks can panic half way, so what they guard is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
