//! A platform with a bot and a bridge around it, and a visitor who uses it by HTTP.

use std::{sync::Arc, time::Duration};

use edge::{
    Clock, ManualClock,
    egress::{Egress, Target},
    secrets::{KnownSecret, hash_hex},
};
use machine::{
    Millis, Position, Recorded,
    conversation::{Conversation, Event, Policy, Trigger},
};
use platform::{BotConfig, Platform, WebhookConfig};
use serde_json::{Value, json};
use store::{Ledger, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{bot::FakeBot, bridge::FakeBridge};

/// 2026-11-22T10:00:00Z.
pub(crate) const START: Millis = 1_795_341_600_000;
pub(crate) const MINUTE: Millis = 60_000;
pub(crate) const PUSH_KEY: &str = "push-key";
pub(crate) const WEBHOOK_TOKEN: &str = "webhook-token";
/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) base: String,
    pub(crate) clock: ManualClock,
    pub(crate) bot: Arc<FakeBot>,
    pub(crate) bridge: FakeBridge,
    pub(crate) store: Store,
    pub(crate) http: reqwest::Client,
    pub(crate) dir: Arc<TempDir>,
    /// What serves the requests; for calls without a socket.
    pub(crate) router: axum::Router,
    clock_read: Clock,
    bots: Vec<BotConfig>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl World {
    /// One bot, `support`, whose webhook is the path `script`.
    pub(crate) async fn new() -> Self {
        Self::with(|bot, bridge| vec![config(bot, &bridge.url, "support", "script")]).await
    }

    pub(crate) async fn with(
        bots: impl FnOnce(&Arc<FakeBot>, &FakeBridge) -> Vec<BotConfig>,
    ) -> Self {
        let (bot, bridge) = (FakeBot::new(), FakeBridge::start().await);
        let bots = bots(&bot, &bridge);
        let dir = Arc::new(TempDir::new().unwrap());
        let clock = Clock::manual(START);
        Self::open(bot, bridge, bots, dir, clock).await
    }

    pub(crate) async fn open(
        bot: Arc<FakeBot>,
        bridge: FakeBridge,
        bots: Vec<BotConfig>,
        dir: Arc<TempDir>,
        (clock_read, clock): (Clock, ManualClock),
    ) -> Self {
        let store = open_store(&dir).await;
        let egress = Egress::new().unwrap();
        let platform = Platform::new(bots.clone(), store.clone(), clock_read.clone(), egress);
        let shutdown = CancellationToken::new();
        let tasks = platform.start(shutdown.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = platform.router();
        tokio::spawn(edge::serve::serve(listener, router.clone(), shutdown.clone()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            base,
            clock,
            bot,
            bridge,
            store,
            http,
            dir,
            router,
            clock_read,
            bots,
            shutdown,
            tasks,
        }
    }

    /// Ends the process in good order and starts another on the same store.
    pub(crate) async fn restart(self) -> Self {
        let bots = self.bots.clone();
        self.restart_with(bots).await
    }

    /// The same with another configuration.
    pub(crate) async fn restart_with(self, bots: Vec<BotConfig>) -> Self {
        drop(self.router);
        self.shutdown.cancel();
        self.tasks.wait().await;
        self.store.close().await;
        let clock = (self.clock_read, self.clock);
        Self::open(self.bot, self.bridge, bots, self.dir, clock).await
    }

    pub(crate) fn shut_down(&self) {
        self.shutdown.cancel();
    }

    pub(crate) async fn visitor(&self) -> Visitor {
        self.visitor_of("support").await
    }

    pub(crate) async fn visitor_of(&self, bot: &str) -> Visitor {
        let body = json!({ "language": "en", "timeZone": "Europe/Vienna" });
        let url = format!("{}/v1/bots/{bot}/visitors", self.base);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let created: Value = answer.json().await.unwrap();
        let user = created["userId"].as_str().unwrap().to_owned();
        Visitor {
            conversation: user.replace("usr_", "cnv_"),
            user,
            bot: bot.to_owned(),
            token: created["token"].as_str().unwrap().to_owned(),
            base: self.base.clone(),
            http: self.http.clone(),
            ledger: self.store.ledger(bot),
            events: Vec::new(),
        }
    }

    /// A visitor whom a human has for seven minutes from now.
    pub(crate) async fn paused_visitor(&self, bot: &str) -> Visitor {
        let visitor = self.visitor_of(bot).await;
        let pause = json!({ "eventType": "channel_update", "paused": true, "minutesPaused": 7,
                            "agentProfile": { "name": "Jane Doe", "avatarUrl": "" } });
        assert_eq!(self.push(&visitor, pause).await.0, 200);
        visitor
    }

    /// Pushes with the key in the header; `userId` and `botId` are filled in.
    pub(crate) async fn push(&self, visitor: &Visitor, body: Value) -> (u16, Value) {
        self.push_with(visitor, body, &[("authorization", PUSH_KEY)]).await
    }

    pub(crate) async fn push_with(
        &self,
        visitor: &Visitor,
        mut body: Value,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let fields = body.as_object_mut().unwrap();
        fields.entry("userId").or_insert(visitor.user.clone().into());
        fields.entry("botId").or_insert(visitor.bot.clone().into());
        self.push_raw(body.to_string(), headers).await
    }

    pub(crate) async fn push_raw(
        &self,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let url = format!("{}{}", self.base, wire::push::PATH);
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind, "application/json");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

/// A bot that hands over on `handover-test`, with the webhook `url/path`.
pub(crate) fn config(bot: &Arc<FakeBot>, url: &str, id: &str, path: &str) -> BotConfig {
    let target = Target::parse(&format!("{url}/{path}"), true).unwrap();
    let clear = KnownSecret::Clear(PUSH_KEY.into());
    let of_last_month = KnownSecret::Hash(hash_hex("push-key-of-last-month"));
    let es = Trigger::Context("Handover-Test".to_owned());
    let cx = Trigger::Parameter("bcHumanHandover".to_owned());
    let mut config = BotConfig::new(id, Arc::clone(bot) as Arc<dyn dialogflow::Bot>, "en");
    config.push_keys = vec![clear, of_last_month];
    config.webhook = Some(WebhookConfig::new(target, WEBHOOK_TOKEN.into()));
    config.policy = Policy { triggers: vec![es, cx], ..Policy::default() };
    config
}

/// Another process may need a moment to let go of the file.
async fn open_store(dir: &TempDir) -> Store {
    let url = format!("sqlite:{}", dir.path().join("baton.db").display());
    let opened = tokio::time::timeout(PATIENCE, async {
        loop {
            match Store::open(&url).await {
                Ok(store) => return store,
                Err(store::StoreError::InUse { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    });
    opened.await.unwrap()
}

pub(crate) struct Visitor {
    pub(crate) user: String,
    pub(crate) bot: String,
    pub(crate) conversation: String,
    pub(crate) token: String,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) ledger: Ledger<Conversation>,
    /// Everything the long poll has told so far.
    pub(crate) events: Vec<Value>,
}

impl Visitor {
    /// Says something under a fresh client id.
    pub(crate) async fn say(&self, text: &str) -> u64 {
        let id = edge::ids::new_id("c", 0);
        let (status, body) = self.post(json!({ "clientId": id, "text": text })).await;
        assert_eq!(status, 202, "{body}");
        body["seq"].as_u64().unwrap()
    }

    pub(crate) async fn post(&self, message: Value) -> (u16, Value) {
        let url = format!("{}/v1/conversation/messages", self.base);
        let answer = self.http.post(url).bearer_auth(&self.token).json(&message).send();
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn types(&self) {
        let url = format!("{}/v1/conversation/typing", self.base);
        let answer = self.http.post(url).bearer_auth(&self.token).json(&json!({})).send().await;
        assert_eq!(answer.unwrap().status(), 204);
    }

    /// Ends the live chat; the status of the answer.
    pub(crate) async fn end(&self) -> u16 {
        let url = format!("{}/v1/conversation/end", self.base);
        let answer = self.http.post(url).bearer_auth(&self.token).send().await;
        answer.unwrap().status().as_u16()
    }

    pub(crate) async fn poll(&self, after: u64, wait: u64) -> (Vec<Value>, u64) {
        let url = format!("{}/v1/conversation/events?after={after}&wait={wait}", self.base);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let page: Value = answer.json().await.unwrap();
        (page["events"].as_array().unwrap().clone(), page["next"].as_u64().unwrap())
    }

    /// Polls until an event fits; keeps all it saw on the way.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let polling = tokio::time::timeout(PATIENCE, async {
            let mut looked_at = 0;
            loop {
                while let Some(event) = self.events.get(looked_at) {
                    if fits(event) {
                        return event.clone();
                    }
                    looked_at += 1;
                }
                let after = self.events.iter().filter_map(|event| event["seq"].as_u64()).max();
                let (events, _) = self.poll(after.unwrap_or(0), 25).await;
                self.events.extend(events);
            }
        });
        let found = polling.await;
        found.unwrap_or_else(|_| panic!("never happened; seen: {:#?}", self.lines()))
    }

    /// All numbered events, one line each: `visitor: hello`, `control: human (trigger)`.
    pub(crate) async fn story(&mut self) -> Vec<String> {
        let (events, _) = self.poll(0, 0).await;
        self.events = events;
        self.lines()
    }

    fn lines(&self) -> Vec<String> {
        self.events.iter().map(line).collect()
    }

    pub(crate) async fn journal(&self) -> Vec<Recorded<Event>> {
        self.ledger.journal(&self.conversation, Position::default(), 1000).await.unwrap()
    }

    pub(crate) async fn state(&self) -> Conversation {
        self.ledger.load(&self.conversation).await.unwrap().unwrap()
    }

    /// Looks into the journal, notes included, until something fits.
    pub(crate) async fn until_noted(&self, fits: impl Fn(&Event) -> bool) -> Recorded<Event> {
        wait_for(async || self.journal().await.into_iter().find(|noted| fits(&noted.event))).await
    }

    /// Waits until nothing is owed any more.
    pub(crate) async fn at_rest(&self) {
        use machine::Machine as _;
        wait_for(async || (!self.state().await.owes()).then_some(())).await;
    }
}

/// Asks again and again, giving way in between, for as long as patience lasts.
pub(crate) async fn wait_for<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let looking = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    });
    looking.await.expect("it never happened")
}

pub(crate) fn is(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["type"] == kind
}

pub(crate) fn says(text: &str) -> impl Fn(&Value) -> bool {
    move |event| event["text"] == text
}

pub(crate) fn control(who: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["type"] == "control" && event["control"] == who
}

fn line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    match event["type"].as_str().unwrap() {
        "visitor_message" => format!("visitor: {}", text("text")),
        "bot_message" => format!("bot: {}", text("text")),
        "agent_message" => format!("agent: {}", text("text")),
        "notice" => format!("notice: {}", text("text")),
        "control" => format!("control: {} ({})", text("control"), text("reason")),
        other => other.to_owned(),
    }
}
