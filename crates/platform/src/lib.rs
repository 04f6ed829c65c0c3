//! The chat platform's side of the handover contract: visitors, bot turns, the pause, webhook
//! calls, the push endpoint.
//!
//! Every decision is made by `machine::conversation` inside a unit of work of the store. This
//! crate performs what a conversation owes (`turn`), hears its clock (`timers`), and speaks HTTP
//! (`http`). Nothing is acknowledged, shown or sent before its commit.
#![forbid(unsafe_code)]

use std::{fmt, sync::Arc};

use ::http::HeaderName;
use edge::{
    Clock,
    egress::{Egress, Target},
    secrets::KnownSecret,
    signature::{Signing, SigningKeys},
};
use machine::conversation::Policy;
use secrecy::SecretString;
use store::{Store, StoreError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
pub use wire::webhook::Revision;

mod app;
mod bot;
mod credentials;
mod events;
mod facts;
mod history;
mod http;
mod limit;
mod pulse;
mod recent;
mod tell;
mod timers;
mod turn;
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
    pub push_keys: Vec<KnownSecret>,
    /// Signatures of pushes, by the rules of Standard Webhooks.
    pub push_signing: Option<Signing>,
    /// Whether the webhook token is a push key too (contract 13.17).
    pub webhook_token_pushes: bool,
    /// Keys that may read the history and nothing else (contract 13.18).
    pub history_keys: Vec<KnownSecret>,
    /// Without one there is no handover; triggers are then ignored.
    pub webhook: Option<WebhookConfig>,
    pub facts: FactsConfig,
    /// Triggers, sessions, and what becomes of the pause where the contract leaves it open (13.3).
    pub policy: Policy,
}

impl BotConfig {
    /// A bot with every choice at its default: no keys, no webhook.
    #[must_use]
    pub fn new(id: impl Into<String>, bot: Arc<dyn dialogflow::Bot>, language: &str) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            bot,
            language: language.to_owned(),
            push_keys: Vec::new(),
            push_signing: None,
            webhook_token_pushes: false,
            history_keys: Vec::new(),
            webhook: None,
            facts: FactsConfig::default(),
            policy: Policy::default(),
        }
    }

    /// Whether whole responses of the bot are kept (contract, section 14.4).
    pub(crate) fn keeps_history(&self) -> bool {
        !self.history_keys.is_empty() || self.webhook.as_ref().is_some_and(|hook| hook.history)
    }
}

/// What the bot is told beside the visitor's words; more than by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactsConfig {
    /// Whether the visitor's device is a mobile one.
    pub mobile: bool,
    /// The visitor's IP address, for CX.
    pub ip: Option<IpFrom>,
    /// Context or session parameter that tells of a human stretch that has just ended.
    pub resume_marker: Option<String>,
}

/// Where a visitor's IP address is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpFrom {
    /// The other end of the connection.
    Peer,
    /// The last entry of `X-Forwarded-For`, which the proxy before us has written.
    ForwardedFor,
}

/// Where and how the bridge is called.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct WebhookConfig {
    pub target: Target,
    /// Sent in `Authorization` and as `accessToken`.
    pub token: SecretString,
    /// Write `Bearer` before the token in `Authorization` (contract 13.2).
    pub bearer: bool,
    /// One more header with every call (contract r2.2).
    pub header: Option<(HeaderName, SecretString)>,
    /// Sign each call with these, by the rules of Standard Webhooks.
    pub signing: Option<SigningKeys>,
    /// What cannot be united is written as in this revision (contract, section 12).
    pub contract: Revision,
    /// Leave out every field that this revision does not print.
    pub strict: bool,
    /// Send `messageHistory` with step one (contract r3, section 7).
    pub history: bool,
    /// Tell the bridge that the visitor types (contract r3.1, section 6.4).
    pub typing: bool,
    /// Tell the bridge that the visitor left or the pause ran out (contract 13.26).
    pub endings: bool,
    /// Let the visitor's `webhookHeaders` pass to the bridge (contract 13.15).
    pub forward_headers: bool,
}

impl WebhookConfig {
    /// Calls that every revision's receiver understands, without what is off by default.
    #[must_use]
    pub fn new(target: Target, token: SecretString) -> Self {
        Self {
            target,
            token,
            bearer: false,
            header: None,
            signing: None,
            contract: Revision::default(),
            strict: false,
            history: false,
            typing: false,
            endings: false,
            forward_headers: false,
        }
    }
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
