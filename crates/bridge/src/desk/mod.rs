//! The desk, Baton's own agent console: who may sign in, who is there, and what its pages show. Its
//! endpoints are in `http/desk`.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use machine::{Millis, chat::Chat};
use parking_lot::Mutex;
use store::{Committed, Store, StoreError};

use crate::{
    answer_time::AnswerTime,
    config::{ConfigError, HumanAgentConfig},
    route::{Attachment, Route},
};

pub(crate) mod board;
mod closed;
mod devices;
pub(crate) mod human_agents;
mod presence;
mod sessions;
pub(crate) mod view;

use board::Board;
use closed::ClosedChats;
pub(crate) use devices::Devices;
use human_agents::HumanAgents;
use presence::Presence;
use sessions::Sessions;

/// Least distance between two typing pushes of one chat, in milliseconds.
const TYPING_PUSH_GAP_MS: Millis = 2_000;
/// Most chats whose last typing push is remembered.
const TYPING_MAX: usize = 1_000;

pub(crate) struct Desk {
    human_agents: ArcSwap<HumanAgents>,
    pub(crate) presence: Presence,
    pub(crate) closed: ClosedChats,
    pub(crate) sessions: Sessions,
    pub(crate) devices: Devices,
    pub(crate) board: Board,
    typing: Mutex<HashMap<String, Millis>>,
}

impl Desk {
    pub(crate) fn new(
        human_agents: Vec<HumanAgentConfig>,
        store: Store,
    ) -> Result<Self, ConfigError> {
        let human_agents = HumanAgents::new(human_agents)?;
        Ok(Self {
            human_agents: ArcSwap::from_pointee(human_agents),
            presence: Presence::new(store.clone()),
            closed: ClosedChats::default(),
            devices: Devices::new(store.clone()),
            sessions: Sessions::new(store),
            board: Board::default(),
            typing: Mutex::default(),
        })
    }

    /// Those who may sign in now.
    pub(crate) fn human_agents(&self) -> Arc<HumanAgents> {
        self.human_agents.load_full()
    }

    /// Sessions of agents who are gone or have another password end at their next request.
    pub(crate) fn set_human_agents(
        &self,
        agents: Vec<HumanAgentConfig>,
    ) -> Result<(), ConfigError> {
        self.human_agents.store(Arc::new(HumanAgents::new(agents)?));
        Ok(())
    }

    /// Whether the platform should hear now that a human agent types in this chat.
    pub(crate) fn may_push_typing(&self, chat: &str, now: Millis) -> bool {
        let mut typing = self.typing.lock();
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

#[async_trait::async_trait]
impl Attachment for Desk {
    async fn is_available(&self, now: Millis, _time: AnswerTime) -> Result<bool, StoreError> {
        self.presence.anybody(self.human_agents().emails(), now).await
    }

    fn committed(&self, _route: &Arc<Route>, committed: &Committed<Chat>) {
        self.closed.committed(committed);
    }

    fn visitor_types(&self, route: &Arc<Route>, chat: &str, until: Millis) {
        route.ledger.send_ephemeral(chat, "visitor", until);
    }
}
