//! A bot with its settings and its conversations.

use std::sync::{Arc, OnceLock};

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
    typing_calls: Arc<OnceLock<Cache<String, Millis>>>,
}

impl Bot {
    /// `before` is the bot in whose place it comes: what is under way there counts here too.
    pub(crate) fn new(config: BotConfig, store: &Store, before: Option<&Self>) -> Self {
        let triggers = config.policy.triggers.iter().filter(|_| config.webhook.is_some());
        let policy = Policy {
            triggers: triggers.cloned().map(as_compared).collect(),
            keep_responses: config.keeps_history(),
            ..config.policy.clone()
        };
        let ledger = store.ledger(&config.id);
        let (notifications, typing_calls) = match before {
            Some(before) => (before.notifications.clone(), before.typing_calls.clone()),
            None => (Arc::new(Semaphore::new(limit::NOTIFICATIONS_MAX)), Arc::default()),
        };
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
        let last = self.typing_calls.get().and_then(|calls| calls.get(conversation));
        last.is_some_and(|last| now - last < limits::TYPING_CALL_GAP_MS)
    }

    /// True for the one caller who may make a typing call now.
    pub(crate) fn take_typing_call(&self, conversation: &str, now: Millis) -> bool {
        let calls = self.typing_calls.get_or_init(typing_calls);
        let entry = calls.entry_by_ref(conversation);
        let is_old = |last: &Millis| now - last >= limits::TYPING_CALL_GAP_MS;
        entry.or_insert_with_if(|| now, is_old).is_fresh()
    }
}

/// Made for the first typing call, because it takes more memory than the rest of a bot.
fn typing_calls() -> Cache<String, Millis> {
    let calls = Cache::builder().max_capacity(limit::TYPING_REMEMBERED_MAX);
    calls.eviction_policy(EvictionPolicy::lru()).build()
}

/// The id of the `session`th Dialogflow session of a conversation, at most 36 characters.
pub(crate) fn session_id(conversation: &str, session: u64) -> String {
    match session {
        0 => conversation.to_owned(),
        session => format!("{conversation}-{session}"),
    }
}

/// The id of the call that brings one message to the human's side.
pub(crate) fn step_two_id(conversation: &str, turn: u64) -> String {
    format!("{conversation}/{turn}")
}

/// Contexts are compared by the last path segment in lower case (contract, section 3).
fn as_compared(configured: Trigger) -> Trigger {
    let Trigger::Context(name) = configured else { return configured };
    Trigger::Context(name.rsplit('/').next().unwrap_or_default().trim().to_lowercase())
}
