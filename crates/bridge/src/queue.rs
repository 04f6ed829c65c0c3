//! The chats of one route that wait for a human agent, counted, so that no more are taken than a
//! limit says. A visitor who is not taken hears so at once, instead of waiting where nobody looks.

use std::{collections::HashSet, sync::Arc};

use machine::chat::{Chat, Phase};
use parking_lot::Mutex;

pub(crate) struct Queue {
    max: usize,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    waiting: HashSet<String>,
    /// Chats that are being opened.
    coming: usize,
}

impl Queue {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, inner: Arc::default() }
    }

    /// The same queue with another limit.
    pub(crate) fn with_max(&self, max: usize) -> Self {
        Self { max, inner: Arc::clone(&self.inner) }
    }

    /// A place for one more chat, while it is being opened; `None` when the queue is full.
    pub(crate) fn enter(&self) -> Option<Coming> {
        let mut inner = self.inner.lock();
        if inner.waiting.len() + inner.coming >= self.max {
            return None;
        }
        inner.coming += 1;
        Some(Coming(Arc::clone(&self.inner)))
    }

    /// Hears of every commit of a chat of the route, and of its open chats after a start.
    pub(crate) fn see(&self, id: &str, chat: &Chat) {
        let mut inner = self.inner.lock();
        if matches!(chat.phase(), Phase::Queued { .. }) {
            if !inner.waiting.contains(id) {
                inner.waiting.insert(id.to_owned());
            }
        } else {
            inner.waiting.remove(id);
        }
    }
}

/// A chat that is being opened. Once it is committed it counts as one that waits.
pub(crate) struct Coming(Arc<Mutex<Inner>>);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.lock().coming -= 1;
    }
}
