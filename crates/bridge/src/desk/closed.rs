//! The chats closed lately. Open chats the desk reads from the store; closed ones cannot be found
//! by their visitor any more, so the latest are kept in memory for their human agents.

use std::{collections::VecDeque, sync::Arc};

use machine::{
    Machine as _, Millis,
    chat::{Agent, Chat, Event},
    limits::HOUR_MS,
};
use parking_lot::Mutex;
use store::Committed;

/// How long a closed chat stays listed.
const LISTED_MS: Millis = HOUR_MS;
/// Most closed chats that are kept.
const CLOSED_MAX: usize = 1_000;

#[derive(Default)]
pub(crate) struct ClosedChats(Mutex<VecDeque<ClosedChat>>);

/// A chat that was closed lately.
#[derive(Clone)]
pub(crate) struct ClosedChat {
    pub(crate) route: String,
    pub(crate) id: String,
    /// Who had it; `None` when it was missed.
    pub(crate) agent: Option<Agent>,
    pub(crate) at: Millis,
    pub(crate) state: Arc<Chat>,
}

impl ClosedChat {
    /// Missed chats concern everybody, the others only the human agent who had them.
    pub(crate) fn concerns(&self, email: &str) -> bool {
        self.agent.as_ref().is_none_or(|agent| agent.email == email)
    }
}

impl ClosedChats {
    pub(crate) fn committed(&self, committed: &Committed<Chat>) {
        let Committed { owner, id, state, events } = committed;
        let mut closed = self.0.lock();
        let listed = closed.iter().position(|chat| chat.id == **id);
        let is_listed = listed.is_some();
        if let Some(at) = listed {
            // A commit may be told twice; an older one says nothing new.
            if state.position() < closed[at].state.position() {
                return;
            }
            if state.is_open() {
                closed.remove(at);
            } else {
                closed[at].state = state.clone();
            }
        }
        if state.is_open() {
            return;
        }
        let ending = events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::Closed { agent, .. } => Some((agent.clone(), recorded.at)),
            _ => None,
        });
        // A commit that was found by a second look has no events.
        let owed = || state.owed_end().filter(|_| events.is_empty() && !is_listed);
        let Some((agent, at)) = ending.or_else(owed) else { return };
        closed.retain(|chat| chat.id != **id && chat.at + LISTED_MS > at);
        if closed.len() >= CLOSED_MAX {
            closed.pop_front();
        }
        let (route, id, state) = (owner.to_string(), id.to_string(), state.clone());
        closed.push_back(ClosedChat { route, id, agent, at, state });
    }

    /// The chats closed in the last hour that concern a human agent, latest first.
    pub(crate) fn of(&self, email: &str, now: Millis) -> Vec<ClosedChat> {
        let listed = |chat: &&ClosedChat| chat.at + LISTED_MS > now && chat.concerns(email);
        self.0.lock().iter().rev().filter(listed).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use machine::chat::{Input, Opening, Policy};

    use super::*;

    #[test]
    fn an_end_that_was_found_by_a_second_look_is_listed_once() {
        let (mut chat, policy, now) = (Chat::new("bot", "visitor"), Policy::default(), 1_000);
        let opening = Opening {
            text: "help".to_owned(),
            language: "en".to_owned(),
            intent: None,
            transcript: Vec::new(),
        };
        let [email, name, avatar_url] = ["jane@example.com", "Jane", ""].map(str::to_owned);
        let agent = Agent { email, name, avatar_url };
        let open = Input::StepOne { opening, available: true, missed: Vec::new() };
        let (claim, close) = (agent.clone(), agent.clone());
        for input in [open, Input::Claim { agent: claim }, Input::Close { agent: close }] {
            chat.step(&policy, now, input).unwrap();
        }
        let closed = ClosedChats::default();
        let (owner, id, state) = ("desk".into(), "cht_1".into(), Arc::new(chat));
        let committed = Committed { owner, id, state, events: Vec::new().into() };
        closed.committed(&committed);
        closed.committed(&committed);
        let of_jane = closed.of(&agent.email, now);
        assert_eq!(of_jane.len(), 1);
        assert_eq!((of_jane[0].agent.as_ref(), of_jane[0].at), (Some(&agent), now));
        assert_eq!(closed.of("joe@example.com", now).len(), 0);
    }
}
