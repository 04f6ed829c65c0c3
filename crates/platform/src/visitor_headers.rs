//! `webhookHeaders`: what a page sends with a message for the bot's own fulfilment, such as the
//! visitor's token. They are kept in memory only, for the calls about that message.
//!
//! The handler of a message puts them aside before its step. The driver binds them to the turn
//! when the step is committed, and takes them with the first call of that turn; from then on they
//! stay until the turn is over. Headers that wait may be evicted, the oldest first. A crash loses
//! them all; the bot then asks the visitor again.

use std::{collections::HashMap, sync::Arc};

use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use secrecy::SecretString;

use crate::limit;

/// Names and values of headers.
pub(crate) type Headers = Vec<(String, SecretString)>;

pub(crate) struct VisitorHeaders {
    /// By conversation, those of messages whose turn has not come.
    waiting: Cache<Arc<str>, Arc<Mutex<Vec<Waiting>>>>,
    /// By conversation, those of the turn that is being answered.
    in_use: Mutex<HashMap<Arc<str>, InUse>>,
}

struct Waiting {
    client_id: String,
    /// `None` until the message is committed.
    turn: Option<u64>,
    headers: Headers,
}

struct InUse {
    turn: u64,
    headers: Headers,
}

impl VisitorHeaders {
    pub(crate) fn new() -> Self {
        let waiting = Cache::builder()
            .max_capacity(limit::VISITOR_HEADERS_CONVERSATIONS_MAX)
            .time_to_idle(limit::VISITOR_HEADERS_WAIT_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { waiting, in_use: Mutex::default() }
    }

    /// Keeps the headers of a message that is about to be stored. Of one conversation only the
    /// newest few wait, so that no visitor takes the room of others.
    pub(crate) fn put_aside(&self, conversation: &str, client_id: &str, headers: Headers) {
        if headers.is_empty() {
            return;
        }
        let waiting = self.waiting.get_with(conversation.into(), Arc::default);
        let mut waiting = waiting.lock();
        waiting.retain(|other| other.turn.is_some() || other.client_id != client_id);
        if waiting.len() >= limit::VISITOR_HEADERS_MESSAGES_MAX {
            waiting.remove(0);
        }
        waiting.push(Waiting { client_id: client_id.to_owned(), turn: None, headers });
    }

    /// Drops headers that were put aside for a message that was not stored.
    pub(crate) fn forget(&self, conversation: &str, client_id: &str) {
        if let Some(waiting) = self.waiting.get(conversation) {
            waiting.lock().retain(|one| one.turn.is_some() || one.client_id != client_id);
        }
    }

    /// The message `client_id` was stored as `turn`.
    pub(crate) fn bind(&self, conversation: &str, client_id: &str, turn: u64) {
        if let Some(waiting) = self.waiting.get(conversation) {
            let mut waiting = waiting.lock();
            let unbound =
                waiting.iter_mut().find(|one| one.turn.is_none() && one.client_id == client_id);
            if let Some(one) = unbound {
                one.turn = Some(turn);
            }
        }
    }

    /// True while some message of this conversation is not known to be stored.
    pub(crate) fn has_unbound(&self, conversation: &str) -> bool {
        let waiting = self.waiting.get(conversation);
        waiting.is_some_and(|waiting| waiting.lock().iter().any(|one| one.turn.is_none()))
    }

    /// The headers for a call about `turn`. Those of earlier turns are dropped.
    pub(crate) fn take(&self, conversation: &Arc<str>, turn: u64) -> Headers {
        let mut in_use = self.in_use.lock();
        if let Some(current) = in_use.get(conversation)
            && current.turn == turn
        {
            return current.headers.clone();
        }
        let headers = self.taken(conversation, turn);
        if headers.is_empty() {
            in_use.remove(conversation);
        } else {
            let current = InUse { turn, headers: headers.clone() };
            in_use.insert(Arc::clone(conversation), current);
        }
        headers
    }

    /// No turn of this conversation is being answered any more.
    pub(crate) fn release(&self, conversation: &str) {
        self.in_use.lock().remove(conversation);
    }

    fn taken(&self, conversation: &str, turn: u64) -> Headers {
        let Some(waiting) = self.waiting.get(conversation) else {
            return Headers::new();
        };
        let mut waiting = waiting.lock();
        waiting.retain(|one| one.turn.is_none_or(|of| of >= turn));
        let own = waiting.iter().position(|one| one.turn == Some(turn));
        own.map(|at| waiting.remove(at).headers).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
