//! A bot with its settings and its conversations.

use std::sync::Arc;

use dialogflow::Edition;
use machine::{
    Millis,
    conversation::{Conversation, Policy, Trigger},
    limits,
};
use moka::{policy::EvictionPolicy, sync::Cache};
use store::{Ledger, Store};
use tokio::sync::Semaphore;

use crate::{config::BotConfig, limit, visitors::Visitor};

pub(crate) struct Bot {
    pub(crate) config: BotConfig,
    pub(crate) policy: Policy,
    pub(crate) ledger: Ledger<Conversation>,
    /// One permit for each notification under way.
    pub(crate) notifications: Arc<Semaphore>,
    /// When each conversation's last typing call was made.
    typing_calls: Cache<String, Millis>,
}

impl Bot {
    pub(crate) fn new(config: BotConfig, store: &Store) -> Self {
        let triggers = config.policy.triggers.iter().filter(|_| config.webhook.is_some());
        let policy = Policy {
            triggers: triggers.cloned().map(as_compared).collect(),
            keep_responses: config.keeps_history(),
            ..config.policy.clone()
        };
        let ledger = store.ledger(&config.id);
        let notifications = Arc::new(Semaphore::new(limit::NOTIFICATIONS_MAX));
        let typing_calls = Cache::builder()
            .max_capacity(limit::TYPING_REMEMBERED_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { config, policy, ledger, notifications, typing_calls }
    }

    pub(crate) fn edition(&self) -> Edition {
        self.config.bot.edition()
    }

    /// The visitor's language, or the bot's own.
    pub(crate) fn language<'a>(&'a self, visitor: &'a Visitor) -> &'a str {
        visitor.language.as_deref().unwrap_or(&self.config.language)
    }

    /// Whether a typing call about this conversation would come too soon after the last one.
    pub(crate) fn typed_lately(&self, conversation: &str, now: Millis) -> bool {
        let last = self.typing_calls.get(conversation);
        last.is_some_and(|last| now - last < limits::TYPING_CALL_GAP_MS)
    }

    /// True for the one caller who may make a typing call now.
    pub(crate) fn take_typing_call(&self, conversation: &str, now: Millis) -> bool {
        let entry = self.typing_calls.entry_by_ref(conversation);
        let is_old = |last: &Millis| now - last >= limits::TYPING_CALL_GAP_MS;
        entry.or_insert_with_if(|| now, is_old).is_fresh()
    }
}

/// The id of the `session`th Dialogflow session of a conversation, at most 36 characters.
pub(crate) fn session_id(conversation: &str, session: u64) -> String {
    match session {
        0 => conversation.to_owned(),
        session => format!("{conversation}-{session}"),
    }
}

/// Contexts are compared by the last path segment in lower case (contract, section 3).
fn as_compared(configured: Trigger) -> Trigger {
    let Trigger::Context(name) = configured else { return configured };
    Trigger::Context(name.rsplit('/').next().unwrap_or_default().trim().to_lowercase())
}
