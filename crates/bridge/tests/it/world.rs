//! One bridge with its store, its clock and its platform; can be stopped and started again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bridge::{Access, Bridge, ConnectorChoice, HumanAgentConfig, PushConfig, RouteConfig, Running};
use connector::{Connector, Parts};
use connectors::Settings;
use edge::{
    Clock, ManualClock,
    egress::{Egress, Target},
    limits::{self, Limits, Proxies, Rate, identify},
};
use machine::{
    Machine, Millis, Position,
    chat::{self, Chat},
};
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Ledger, Store};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{page::Page, platform::Platform};

/// Longest time anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// 2026-11-22T10:00:00Z.
pub(crate) const START: Millis = 1_795_341_600_000;
pub(crate) const TOKEN: &str = "webhook-token";
pub(crate) const KEY: &str = "push-key";
pub(crate) const MINUTE: Millis = 60_000;

/// What a test wants different about a route.
pub(crate) type Change = fn(&mut RouteConfig);
/// The connector of the route `desk`, when human agents do not work at the desk.
#[derive(Clone)]
enum Tool {
    None,
    Configured(Arc<Settings>),
    Made(Arc<dyn Connector>),
}

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) host: String,
    pub(crate) hand: ManualClock,
    /// What is served, without a network.
    pub(crate) router: axum::Router,
    pub(crate) platform: Platform,
    pub(crate) ledger: Ledger<Chat>,
    pub(crate) http: reqwest::Client,
    /// The same before anything is limited.
    pub(crate) unlimited: axum::Router,
    pub(crate) clock: Clock,
    times: chat::Clock,
    change: Change,
    tool: Tool,
    store: Store,
    files: TempDir,
    shutdown: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
    running: Running,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(chat::Clock::default()).await
    }

    pub(crate) async fn start_with(times: chat::Clock) -> Self {
        Self::begin(times, |_| {}).await
    }

    /// With a route `desk` that was changed.
    pub(crate) async fn start_changed(change: Change) -> Self {
        Self::begin(chat::Clock::default(), change).await
    }

    /// With a tool behind the route `desk`; `settings` is given the base URL of the bridge.
    pub(crate) async fn with_tool(settings: impl FnOnce(&str) -> Value) -> Self {
        Self::with_tool_changed(settings, chat::Clock::default(), |_| {}).await
    }

    pub(crate) async fn with_tool_changed(
        settings: impl FnOnce(&str) -> Value,
        times: chat::Clock,
        change: Change,
    ) -> Self {
        let mut left = Self::nothing(times, change).await;
        let settings = settings(&format!("http://{}", left.host));
        let settings: Settings = serde_json::from_value(settings).unwrap();
        left.tool = Tool::Configured(Arc::new(settings));
        Self::build(left).await
    }

    /// With a connector of the test's own behind the route `desk`.
    pub(crate) async fn with_connector(connector: Arc<dyn Connector>) -> Self {
        let left = Self::nothing(chat::Clock::default(), |_| {}).await;
        Self::build(Left { tool: Tool::Made(connector), ..left }).await
    }

    async fn begin(times: chat::Clock, change: Change) -> Self {
        Self::build(Self::nothing(times, change).await).await
    }

    async fn nothing(times: chat::Clock, change: Change) -> Left {
        let (clock, hand) = Clock::manual(START);
        let (files, platform) = (tempfile::tempdir().unwrap(), Platform::start().await);
        let host = kit::address::free_address().unwrap();
        Left { host, files, clock, hand, times, change, tool: Tool::None, platform }
    }

    /// Ends the process, as far as a test can, and starts it on what it left behind.
    pub(crate) async fn restart(self) -> Self {
        Self::build(self.stop().await).await
    }

    /// The same with other settings of the route `desk`.
    pub(crate) async fn restart_changed(self, change: Change) -> Self {
        Self::build(Left { change, ..self.stop().await }).await
    }

    pub(crate) async fn close_store(&self) {
        self.store.clone().close().await;
    }

    async fn stop(self) -> Left {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.running.stopped()).await.unwrap();
        tokio::time::timeout(PATIENCE, self.serving).await.unwrap().unwrap().unwrap();
        self.store.close().await;
        let Self { host, files, clock, hand, times, change, tool, platform, .. } = self;
        Left { host, files, clock, hand, times, change, tool, platform }
    }

    async fn build(left: Left) -> Self {
        let Left { host, files, clock, hand, times, change, tool, platform } = left;
        let path = files.path().join("bridge.db");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let mut routes =
            vec![route("desk", &platform.url, times), route("other", &platform.url, times)];
        if !matches!(tool, Tool::None) {
            let (name, notices) = ("tool".to_owned(), chat::Notices::default());
            routes[0].connector = ConnectorChoice::Named { name, notices };
        }
        change(&mut routes[0]);
        let agents = vec![agent("jane", "Jane Doe"), agent("joe", "Joe Bloggs")];
        let egress = Egress::new().unwrap();
        let parts =
            || Parts { name: "tool".to_owned(), egress: egress.clone(), clock: clock.clone() };
        let connector = match &tool {
            Tool::None => None,
            Tool::Configured(settings) => Some(settings.build(parts()).unwrap()),
            Tool::Made(connector) => Some(connector.clone()),
        };
        let connectors = connector.map(|connector| ("tool".to_owned(), connector));
        let connectors: BTreeMap<_, _> = connectors.into_iter().collect();
        let (store_of, clock_of) = (store.clone(), clock.clone());
        let limits = limits(&clock);
        let bridge =
            Bridge::new(routes, agents, connectors, store_of, clock_of, egress.clone()).unwrap();
        let shutdown = CancellationToken::new();
        let running = bridge.start(shutdown.clone()).await.unwrap();
        let unlimited = bridge.router();
        let router = identify(unlimited.clone(), limits, trusted());
        let listener = TcpListener::bind(&host).await.unwrap();
        let serving = tokio::spawn(edge::serve::serve(listener, router.clone(), shutdown.clone()));
        Self {
            url: format!("http://{host}"),
            host,
            hand,
            router,
            unlimited,
            platform,
            ledger: store.ledger("desk"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            clock,
            times,
            change,
            tool,
            store,
            files,
            shutdown,
            serving,
            running,
        }
    }

    /// Calls the webhook of the route `desk`.
    pub(crate) async fn call(&self, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        self.call_raw("desk", headers, body.to_string()).await
    }

    pub(crate) async fn call_raw(
        &self,
        route: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> (u16, Value) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, value.parse().unwrap());
        }
        let request = self.http.post(format!("{}/handover/{route}", self.url)).headers(map);
        answer(request.body(body).send().await.unwrap()).await
    }

    /// Step one of a visitor, with the token in its header; panics unless the answer is 200.
    pub(crate) async fn step_one(&self, user: &str) -> Value {
        let (status, answer) = self.call(&[("authorization", TOKEN)], &step_one(user)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn step_two(&self, user: &str, text: &str) -> Value {
        let body = step_two(user, text);
        let (status, answer) = self.call(&[("authorization", TOKEN)], &body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Signs in at the desk; `name` is `jane` or `joe`.
    pub(crate) async fn sign_in(&self, name: &str) -> Page {
        Page::sign_in(self, name).await
    }

    /// A visitor's chat that Jane has claimed, with nothing owed any more.
    pub(crate) async fn live_chat(&self, user: &str) -> (Page, String) {
        let jane = self.sign_in("jane").await;
        self.step_one(user).await;
        let id = jane.open_chat_of(user).await;
        assert_eq!(jane.post(&format!("chats/{id}/claim"), json!({})).await.0, 200);
        self.settled(&id).await;
        (jane, id)
    }

    /// Waits until the chat owes nothing.
    pub(crate) async fn settled(&self, id: &str) -> Chat {
        self.chat_when(id, |chat| !chat.owes()).await
    }

    pub(crate) async fn chat_when(&self, id: &str, when: impl Fn(&Chat) -> bool) -> Chat {
        eventually(async || self.ledger.load(id).await.unwrap().filter(|chat| when(chat))).await
    }

    /// Everything recorded in a chat, notes included.
    pub(crate) async fn journal(&self, id: &str) -> Vec<chat::Event> {
        let journal = self.ledger.journal(id, Position::default(), 1_000).await.unwrap();
        journal.into_iter().map(|recorded| recorded.event).collect()
    }
}

struct Left {
    host: String,
    files: TempDir,
    clock: Clock,
    hand: ManualClock,
    times: chat::Clock,
    change: Change,
    tool: Tool,
    platform: Platform,
}

/// Looks again and again, for as long as [`PATIENCE`] lasts.
pub(crate) async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it did not come")
}

pub(crate) async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub(crate) fn example(name: &str) -> Value {
    let path = format!("{}/../wire/examples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A step one of r1 without its secret.
pub(crate) fn step_one(user: &str) -> Value {
    let mut body = example("r1.step_one");
    body.as_object_mut().unwrap().remove("accessToken");
    body["userId"] = json!(user);
    body
}

pub(crate) fn step_two(user: &str, text: &str) -> Value {
    let mut body = example("r1.step_two");
    body.as_object_mut().unwrap().remove("accessToken");
    body["userId"] = json!(user);
    body["queryInput"]["text"]["text"] = json!(text);
    body
}

/// As they are by default, but that a test may be refused as often as it likes.
fn limits(clock: &Clock) -> Arc<Limits> {
    let failed_calls = Rate::per_minute(1_000_000);
    let settings = limits::Settings { failed_calls, ..limits::Settings::default() };
    Arc::new(Limits::new(&settings, clock))
}

/// A test names the address it comes from in `X-Forwarded-For`.
pub(crate) fn trusted() -> Proxies {
    Proxies::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn route(id: &str, push_url: &str, clock: chat::Clock) -> RouteConfig {
    let target = Target::parse(push_url, true).unwrap();
    let push = PushConfig::new(target, KEY.into());
    let access = Access::by_token(SecretString::from(TOKEN));
    RouteConfig {
        id: id.to_owned(),
        access,
        push,
        connector: ConnectorChoice::Desk,
        clock,
        queued_max: 1_000,
    }
}

fn agent(id: &str, name: &str) -> HumanAgentConfig {
    HumanAgentConfig {
        email: format!("{id}@example.com"),
        name: name.to_owned(),
        avatar_url: String::new(),
        password: format!("{id}'s password").into(),
    }
}
