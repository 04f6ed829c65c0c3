//! The desk as a connector. Open chats it reads from the store like any watcher; of closed ones,
//! which nobody finds by their visitor any more, it keeps the latest in memory for its agents.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use machine::{
    Machine, Millis,
    chat::{Agent, Chat, Event},
    limits::HOUR_MS,
};
use store::Stepped;

use crate::desk::presence::Presence;

/// How long a closed chat stays listed.
const LISTED_MS: Millis = HOUR_MS;
/// Most closed chats that are kept.
const CLOSED_MAX: usize = 1_000;

pub(crate) struct DeskConnector {
    pub(crate) presence: Presence,
    closed: Mutex<VecDeque<ClosedChat>>,
}

/// A chat that was closed lately.
#[derive(Clone)]
pub(crate) struct ClosedChat {
    pub(crate) route: String,
    pub(crate) id: String,
    /// Who had it; nobody when it was missed.
    pub(crate) agent: Option<Agent>,
    pub(crate) at: Millis,
    pub(crate) state: Chat,
}

impl ClosedChat {
    /// Missed chats concern everybody, the others whoever had them.
    pub(crate) fn concerns(&self, email: &str) -> bool {
        self.agent.as_ref().is_none_or(|agent| agent.email == email)
    }
}

impl DeskConnector {
    pub(crate) fn new(presence: Presence) -> Self {
        Self { presence, closed: Mutex::default() }
    }

    pub(super) fn happened(&self, route: &str, stepped: &Stepped<Chat>) {
        let mut closed = self.lock();
        let at = closed.iter().position(|chat| chat.id == stepped.id);
        if let Some(at) = at {
            // Steps of one chat may be told out of turn; the older one says nothing new.
            if stepped.state.position() < closed[at].state.position() {
                return;
            }
            if stepped.state.is_open() {
                closed.remove(at);
            } else {
                closed[at].state = stepped.state.clone();
            }
        }
        if stepped.state.is_open() {
            return;
        }
        let ending = stepped.events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::Closed { agent, .. } => Some((agent.clone(), recorded.at)),
            _ => None,
        });
        let Some((agent, at)) = ending else { return };
        closed.retain(|chat| chat.id != stepped.id && chat.at + LISTED_MS > at);
        if closed.len() >= CLOSED_MAX {
            closed.pop_front();
        }
        let (id, state) = (stepped.id.clone(), stepped.state.clone());
        closed.push_back(ClosedChat { route: route.to_owned(), id, agent, at, state });
    }

    /// The chats closed in the last hour that concern an agent, latest first.
    pub(crate) fn closed_lately(&self, email: &str, now: Millis) -> Vec<ClosedChat> {
        let listed = |chat: &&ClosedChat| chat.at + LISTED_MS > now && chat.concerns(email);
        self.lock().iter().rev().filter(listed).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<ClosedChat>> {
        // Nothing that holds the lock can panic half way, so what it guards is whole.
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
