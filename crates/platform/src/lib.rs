//! The chat platform's side of the handover contract: visitors, bot turns, the pause, webhook
//! calls, the push endpoint.
//!
//! Every decision is made by `machine::conversation` inside a unit of work of the store. This
//! crate performs what a conversation owes (`turn`), hears its clock (`timers`), and speaks HTTP
//! (`http`). Nothing is acknowledged, shown or sent before its commit.
#![forbid(unsafe_code)]

use std::{fmt, sync::Arc};

use edge::{
    Clock,
    egress::{Egress, Target},
};
use machine::conversation::Policy;
use secrecy::SecretString;
use store::{Store, StoreError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod app;
mod bot;
mod events;
mod history;
mod http;
mod limit;
mod pulse;
mod recent;
mod timers;
mod turn;
mod typing;
mod visitors;
mod webhook;

use app::App;

/// The platform. Clones share everything.
#[derive(Clone)]
pub struct Platform {
    app: Arc<App>,
}

/// One bot and what it may do.
#[derive(Clone)]
pub struct BotConfig {
    /// `botId` on the wire, and the owner of its conversations in the store.
    pub id: String,
    pub name: String,
    pub bot: Arc<dyn dialogflow::Bot>,
    /// BCP 47; used for visitors who name no language.
    pub language: String,
    /// Keys a bridge may present on the push endpoint.
    pub push_keys: Vec<SecretString>,
    /// Without one there is no handover; triggers are then ignored.
    pub webhook: Option<WebhookConfig>,
    /// Triggers, and what becomes of the pause where the contract leaves it open (13.3).
    pub policy: Policy,
}

/// Where and how the bridge is called.
#[derive(Clone)]
pub struct WebhookConfig {
    pub target: Target,
    /// Sent in `Authorization` and as `accessToken`.
    pub token: SecretString,
    /// Send `messageHistory` with step one (contract r3, section 7).
    pub history: bool,
    /// Tell the bridge that the visitor types (contract r3.1, section 6.4).
    pub typing: bool,
}

impl Platform {
    #[must_use]
    pub fn new(bots: Vec<BotConfig>, store: Store, clock: Clock, egress: Egress) -> Self {
        Self { app: Arc::new(App::new(bots, store, clock, egress)) }
    }

    /// `/v1/…` and `POST /webhooks/handover/push`.
    pub fn router(&self) -> axum::Router {
        http::router(Arc::clone(&self.app))
    }

    /// Takes up what was owed when the last process ended, and starts to hear the clock. After
    /// `shutdown` no new call is made; wait for the returned tasks, then close the store.
    pub async fn start(&self, shutdown: CancellationToken) -> Result<TaskTracker, StoreError> {
        timers::start(&self.app, shutdown).await?;
        Ok(self.app.tasks.clone())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}

impl fmt::Debug for BotConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotConfig").field("id", &self.id).finish_non_exhaustive()
    }
}
