//! The platform on a desk: a store, one bot that counts its queries, a driver that hears of no
//! commit, and no network.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use dialogflow::{Answer, BoxFuture, Query};
use edge::{Clock, egress::Egress};
use store::Store;
use tempfile::TempDir;

use super::App;
use crate::{bot::Bot, config::BotConfig, driver::Driver};

pub(crate) struct Desk {
    pub(crate) app: Arc<App>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) bot: Arc<Bot>,
    pub(crate) asked: Arc<AtomicUsize>,
    /// How many `webhookHeaders` came with the queries.
    pub(crate) headers: Arc<AtomicUsize>,
}

struct Counting {
    asked: Arc<AtomicUsize>,
    headers: Arc<AtomicUsize>,
    /// The store's folder, which lives as long as the bot.
    _dir: TempDir,
}

impl dialogflow::Bot for Counting {
    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, dialogflow::BotError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.headers.fetch_add(query.webhook_headers.len(), Ordering::SeqCst);
        let response = serde_json::json!({ "queryResult": { "fulfillmentText": "Hi" } });
        Box::pin(async { Ok(Answer { response, memory: None }) })
    }
}

pub(crate) async fn desk() -> Desk {
    let dir = TempDir::new().unwrap();
    let store = Store::open(&format!("sqlite:{}", dir.path().join("t.db").display())).await;
    let (asked, headers) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let counting = Counting { asked: Arc::clone(&asked), headers: Arc::clone(&headers), _dir: dir };
    let config = BotConfig::new("support", Arc::new(counting), "en");
    let (clock, _) = Clock::manual(0);
    let app = Arc::new(App::new(vec![config], store.unwrap(), clock, Egress::new().unwrap()));
    let bot = app.bots.get("support").unwrap();
    let driver = Driver::new(&app);
    Desk { app, driver, bot, asked, headers }
}

/// Until no call is under way.
pub(crate) async fn at_rest(app: &App) {
    let resting = async {
        while !app.tasks.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), resting).await.unwrap();
}
