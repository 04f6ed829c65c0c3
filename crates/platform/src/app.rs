//! What the handlers, the timers and the driver share.

use std::sync::{Arc, OnceLock};

use edge::{Clock, egress::Egress};
use machine::conversation::{Conversation, Input, Refusal};
use moka::sync::Cache;
use store::{CommitGuard, Key, StepError, Stepped, Store};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    bot::Bot,
    bots::Bots,
    config::BotConfig,
    limit,
    pulse::Pulse,
    visitor_headers::VisitorHeaders,
    visitors::Visitors,
    webhook::{Pace, WebhookCaller},
};

pub(crate) struct App {
    pub(crate) bots: Bots,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) visitors: Visitors,
    pub(crate) visitor_headers: VisitorHeaders,
    pub(crate) webhooks: WebhookCaller,
    pub(crate) missing_bots: MissingBots,
    pub(crate) pulse: Arc<Pulse>,
    /// Everything that runs on after a request was answered.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the process is about to end: finish what is under way, begin nothing.
    pub(crate) shutdown: CancellationToken,
    /// The driver hears of commits for as long as anything can commit.
    pub(crate) driving: OnceLock<CommitGuard>,
}

impl App {
    pub(crate) fn new(bots: Vec<BotConfig>, store: Store, clock: Clock, egress: Egress) -> Self {
        let (pace, shutdown) = (Pace::default(), CancellationToken::new());
        let served = Bots::default();
        served.put(by_id(bots), |config, before| Bot::new(config, &store, before));
        Self {
            bots: served,
            visitors: Visitors::new(store.clone()),
            store,
            webhooks: WebhookCaller {
                egress,
                clock: clock.clone(),
                pace,
                shutdown: shutdown.clone(),
            },
            clock,
            visitor_headers: VisitorHeaders::new(),
            missing_bots: MissingBots::new(),
            pulse: Arc::default(),
            tasks: TaskTracker::new(),
            shutdown,
            driving: OnceLock::new(),
        }
    }

    /// Serves these bots from now on, in the place of those with the same ids.
    pub(crate) fn put_bots(&self, bots: Vec<BotConfig>) {
        self.bots.put(by_id(bots), |config, before| Bot::new(config, &self.store, before));
    }

    /// Feeds a conversation one input. The driver performs what it then owes; the caller has
    /// nothing more to do.
    pub(crate) async fn step(
        &self,
        bot: &Bot,
        conversation: &str,
        key: Option<Key>,
        input: Input,
    ) -> Result<Stepped<Conversation>, StepError<Refusal>> {
        bot.ledger.step(conversation, &bot.policy, self.clock.now(), key, input).await
    }
}

fn by_id(bots: Vec<BotConfig>) -> impl Iterator<Item = (String, BotConfig)> {
    bots.into_iter().map(|config| (config.id.clone(), config))
}

/// Bots that visitors ask for and the configuration lacks. Each is logged at most once a minute,
/// because their visitors try again and again.
pub(crate) struct MissingBots(Cache<String, ()>);

impl MissingBots {
    fn new() -> Self {
        let logged = Cache::builder()
            .max_capacity(limit::MISSING_BOTS_REMEMBERED_MAX)
            .time_to_live(limit::MISSING_BOT_LOG_GAP);
        Self(logged.build())
    }

    pub(crate) fn log(&self, bot: &str) {
        if self.0.entry_by_ref(bot).or_insert(()).is_fresh() {
            tracing::error!(bot.id = bot, "visitors ask for a bot that is not configured");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
