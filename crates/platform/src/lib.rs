//! The chat platform's side of the handover contract: visitors, bot turns, the pause, webhook
//! calls, the push endpoint.
//!
//! `machine::conversation` makes every decision, inside a unit of work of the store. `http` and
//! `timers` feed inputs; `driver` hears of every commit and makes the calls that are owed.
//! Nothing is acknowledged, shown or sent before its commit.
//!
//! Modules know only those below them, in this order: `http` and `timers`, `driver`, `notify`,
//! `app`, `webhook`, `query` and `history`, `facts`, `bots`, `bot`, then the leaves.
#![forbid(unsafe_code)]

use std::{fmt, sync::Arc};

use edge::{Clock, egress::Egress};
use store::{Store, StoreError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
pub use wire::webhook::Revision;

mod app;
mod bot;
mod bots;
mod config;
mod driver;
mod events;
mod facts;
mod history;
mod http;
mod limit;
mod mutant;
mod notify;
mod pulse;
mod query;
mod timers;
mod visitor_headers;
mod visitors;
mod webhook;

use app::App;
pub use config::{BotConfig, CALLS_AT_ONCE, FactsConfig, IpFrom, WebhookConfig};
use driver::Driver;
pub use edge::origins::{Origins, OriginsError};

/// The platform. Clones share everything.
#[derive(Clone)]
pub struct Platform {
    app: Arc<App>,
}

impl Platform {
    #[must_use]
    pub fn new(bots: Vec<BotConfig>, store: Store, clock: Clock, egress: Egress) -> Self {
        Self { app: Arc::new(App::new(bots, store, clock, egress)) }
    }

    /// Serves these bots from now on, in the place of those with the same ids. What is under way
    /// ends with the settings that it began with.
    pub fn put_bots(&self, bots: Vec<BotConfig>) {
        self.app.put_bots(bots);
    }

    /// Serves a bot no longer. Its conversations stay, and go on when it is put again.
    pub fn remove_bot(&self, id: &str) {
        self.app.bots.remove(id);
    }

    /// `/v1/…`, `POST /webhooks/handover/push` and `GET /webhooks/handover/history`.
    pub fn router(&self) -> axum::Router {
        http::router(Arc::clone(&self.app))
    }

    /// What [`Platform::router`] serves, but for the push endpoint, which `wire` describes.
    pub fn openapi() -> utoipa::openapi::OpenApi {
        http::openapi()
    }

    /// Starts the driver, makes the calls that were owed when the last process ended, and starts
    /// the timers. After `shutdown` no new call is made: wait for the returned tasks, then close
    /// the store. Call it once, before the router serves.
    ///
    /// # Errors
    ///
    /// Fails when the store cannot list what is owed.
    pub async fn start(&self, shutdown: CancellationToken) -> Result<TaskTracker, StoreError> {
        let app = &self.app;
        let driver = Driver::subscribe(app);
        let (own, tasks) = (app.shutdown.clone(), app.tasks.clone());
        tokio::spawn(async move {
            shutdown.cancelled().await;
            own.cancel();
            // From now on, waiting for the tasks ends with the last of them.
            tasks.close();
        });
        timers::start(app, &driver).await?;
        app.tasks.spawn(Arc::clone(&app.pulse).beat(app.shutdown.clone()));
        Ok(app.tasks.clone())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}
