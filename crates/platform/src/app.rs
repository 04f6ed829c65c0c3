//! What all parts of the platform share.

use std::{collections::HashMap, sync::Arc};

use edge::{Clock, egress::Egress};
use store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BotConfig, bot::Bot, pulse::Pulse, turn::Lanes, typing::TypingCalls, visitors::Visitors,
};

pub(crate) struct App {
    pub(crate) bots: HashMap<String, Arc<Bot>>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) egress: Egress,
    pub(crate) visitors: Visitors,
    pub(crate) lanes: Lanes,
    pub(crate) typing: TypingCalls,
    pub(crate) pulse: Pulse,
    /// Everything that runs on after a request was answered.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the process is about to end: finish what is under way, begin nothing.
    pub(crate) shutdown: CancellationToken,
}

impl App {
    pub(crate) fn new(bots: Vec<BotConfig>, store: Store, clock: Clock, egress: Egress) -> Self {
        let bots = bots.into_iter().map(|config| {
            let id = config.id.clone();
            (id, Arc::new(Bot::new(config, &store)))
        });
        Self {
            bots: bots.collect(),
            visitors: Visitors::new(store.clone()),
            store,
            clock,
            egress,
            lanes: Lanes::default(),
            typing: TypingCalls::default(),
            pulse: Pulse::default(),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
