//! What all parts of the platform share.

use std::{collections::HashMap, sync::Arc};

use edge::{Clock, egress::Egress};
use machine::conversation::{Conversation, Input, Refusal};
use store::{Key, StepError, Stepped, Store};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BotConfig, bot::Bot, credentials::Credentials, pulse::Pulse, tell::TypingCalls, turn::Lanes,
    visitors::Visitors,
};

pub(crate) struct App {
    pub(crate) bots: HashMap<String, Arc<Bot>>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) egress: Egress,
    pub(crate) visitors: Visitors,
    pub(crate) lanes: Lanes,
    pub(crate) typing: TypingCalls,
    pub(crate) credentials: Credentials,
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
            credentials: Credentials::default(),
            pulse: Pulse::default(),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        }
    }

    /// Feeds a conversation one input, and tells the bridge what it could not know otherwise.
    pub(crate) async fn step(
        self: &Arc<Self>,
        bot: &Arc<Bot>,
        conversation: &str,
        key: Option<Key>,
        input: Input,
    ) -> Result<Stepped<Conversation>, StepError<Refusal>> {
        let now = self.clock.now();
        let stepped = bot.ledger.step(conversation, &bot.policy, now, key, input).await?;
        if !stepped.repeated {
            let session = stepped.state.session();
            self.tell_of_endings(bot, conversation, session, &stepped.events);
        }
        Ok(stepped)
    }
}

#[cfg(test)]
pub(crate) mod tests;
