//! The conversations that are open at Genesys Cloud. What runs beside the chats finds a chat here:
//! the webhook by its customer, a notification by its conversation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

/// Most message ids that are remembered of the webhook, for each conversation.
const WEBHOOK_MESSAGES_MAX: usize = 100;

/// What the session of a chat shares with the webhook and the notifications.
pub(super) struct OpenConversation {
    pub(super) customer: String,
    /// Id of the conversation.
    pub(super) id: String,
    /// The conversation should be polled now.
    pub(super) poll: Notify,
    /// The time between two polls has become shorter.
    pub(super) polls_sooner: Notify,
    /// Notifications of its events are subscribed.
    pub(super) subscribed: AtomicBool,
    /// A human agent was connected at the last poll.
    pub(super) has_agent: AtomicBool,
    /// So far the webhook brings every message, under the id that it has in the conversation.
    pub(super) trusts_webhook: AtomicBool,
    /// The webhook has brought a message under another id.
    webhook_ids_differ: AtomicBool,
    /// Our credentials do not allow us to read the conversation.
    pub(super) unreadable: AtomicBool,
    /// Ids of the latest messages that were passed on from the webhook.
    webhook_messages: Mutex<Vec<String>>,
    /// Ids of the messages of the conversation, as of the last poll.
    messages: Mutex<Vec<String>>,
    /// Number of the latest poll that was begun.
    polls: AtomicU64,
    /// Number of the latest poll whose events are all stored.
    stored_poll: watch::Sender<u64>,
}

impl OpenConversation {
    pub(super) fn note_webhook_message(&self, id: &str) {
        let mut messages = self.webhook_messages.lock();
        if messages.len() == WEBHOOK_MESSAGES_MAX {
            messages.remove(0);
        }
        messages.push(id.to_owned());
    }

    pub(super) fn webhook_messages(&self) -> Vec<String> {
        self.webhook_messages.lock().clone()
    }

    pub(super) fn set_messages(&self, ids: &[String]) {
        ids.clone_into(&mut self.messages.lock());
    }

    /// Whether the conversation had a message at the last poll.
    pub(super) fn has_message(&self, id: &str) -> bool {
        self.messages.lock().iter().any(|known| known == id)
    }

    /// Notes whether the last message of the webhook has the id that it has in the conversation.
    pub(super) fn set_webhook_matches(&self, matches: bool) {
        self.trusts_webhook.store(matches, Ordering::Relaxed);
        self.webhook_ids_differ.store(!matches, Ordering::Relaxed);
        if !matches {
            self.polls_sooner.notify_one();
        }
    }

    /// The number of a poll that begins now.
    pub(super) fn begin_poll(&self) -> u64 {
        self.polls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes that everything a poll found is stored.
    pub(super) fn note_stored(&self, poll: u64) {
        self.stored_poll.send_replace(poll);
    }

    /// Asks for a poll. `true` when one that began after this call is stored in time.
    pub(super) async fn poll_within(&self, time: Duration) -> bool {
        let next = self.polls.load(Ordering::Relaxed) + 1;
        let mut stored = self.stored_poll.subscribe();
        self.poll.notify_one();
        let polled = stored.wait_for(|poll| *poll >= next);
        matches!(tokio::time::timeout(time, polled).await, Ok(Ok(_)))
    }

    /// Whether notifications and the webhook tell of all changes, so that polls may be rare.
    pub(super) fn is_notified(&self) -> bool {
        self.subscribed.load(Ordering::Relaxed) && !self.webhook_ids_differ.load(Ordering::Relaxed)
    }
}

/// All open conversations of one connector.
#[derive(Default)]
pub(super) struct Conversations {
    open: Mutex<Vec<Arc<OpenConversation>>>,
    /// A conversation was added or removed.
    pub(super) changed: Notify,
}

impl Conversations {
    pub(super) fn add(&self, customer: &str, id: &str) -> Arc<OpenConversation> {
        let conversation = Arc::new(OpenConversation {
            customer: customer.to_owned(),
            id: id.to_owned(),
            poll: Notify::new(),
            polls_sooner: Notify::new(),
            subscribed: AtomicBool::new(false),
            has_agent: AtomicBool::new(false),
            trusts_webhook: AtomicBool::new(false),
            webhook_ids_differ: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
            webhook_messages: Mutex::default(),
            messages: Mutex::default(),
            polls: AtomicU64::new(0),
            stored_poll: watch::channel(0).0,
        });
        self.open.lock().push(conversation.clone());
        self.changed.notify_one();
        conversation
    }

    pub(super) fn remove(&self, conversation: &Arc<OpenConversation>) {
        self.open.lock().retain(|open| !Arc::ptr_eq(open, conversation));
        self.changed.notify_one();
    }

    pub(super) fn all(&self) -> Vec<Arc<OpenConversation>> {
        self.open.lock().clone()
    }

    pub(super) fn of_customer(&self, customer: &str) -> Option<Arc<OpenConversation>> {
        self.open.lock().iter().find(|open| open.customer == customer).cloned()
    }

    /// Asks for a poll of a conversation in which something has happened.
    pub(super) fn poll(&self, id: &str) {
        for open in self.open.lock().iter().filter(|open| open.id == id) {
            open.poll.notify_one();
        }
    }

    /// Notes that no notifications come any more. Conversations that had them are polled, because
    /// the last notifications may be lost.
    pub(super) fn set_unsubscribed(&self) {
        for open in self.open.lock().iter() {
            if open.subscribed.swap(false, Ordering::Relaxed) {
                open.poll.notify_one();
            }
        }
    }
}
