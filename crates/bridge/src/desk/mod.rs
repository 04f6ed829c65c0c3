//! The desk, Baton's own agent console: who may sign in, who is there, and the API and stream the
//! page works with.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use machine::Millis;
use store::Store;

use crate::connectors::DeskConnector;

pub(crate) mod auth;
pub(crate) mod board;
pub(crate) mod chats;
pub(crate) mod guard;
pub(crate) mod presence;
mod sessions;
pub(crate) mod sign_in;
pub(crate) mod stream;
mod throttle;
mod view;

use auth::Agents;
use board::Board;
use sessions::Sessions;
use throttle::Throttle;

/// Least distance between two typing pushes of one chat, in milliseconds.
const TYPING_PUSH_GAP_MS: Millis = 2_000;
/// Most chats whose last typing push is remembered.
const TYPING_MAX: usize = 1_000;

pub(crate) struct Desk {
    agents: Agents,
    connector: Arc<DeskConnector>,
    sessions: Sessions,
    throttle: Throttle,
    pub(crate) board: Board,
    typing: Mutex<HashMap<String, Millis>>,
}

impl Desk {
    pub(crate) fn new(agents: Agents, connector: Arc<DeskConnector>, store: Store) -> Self {
        Self {
            agents,
            connector,
            sessions: Sessions::new(store),
            throttle: Throttle::default(),
            board: Board::default(),
            typing: Mutex::default(),
        }
    }

    /// Whether the platform should hear now that an agent types in this chat.
    fn may_push_typing(&self, chat: &str, now: Millis) -> bool {
        // Nothing that holds the lock can panic half way, so what it guards is whole.
        let mut typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
        if typing.len() >= TYPING_MAX {
            typing.retain(|_, at| *at + TYPING_PUSH_GAP_MS > now);
        }
        match typing.get(chat) {
            Some(at) if at + TYPING_PUSH_GAP_MS > now => false,
            _ => {
                typing.insert(chat.to_owned(), now);
                true
            }
        }
    }
}
