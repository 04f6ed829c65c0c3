use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::post};
use connector::{Connector, Finding, HandoverInfo, Session};
use edge::{
    Clock, ManualClock,
    egress::{Egress, Target},
};
use machine::{
    Machine as _,
    chat::{Agent, Chat, ConnectorEvent, Input, Opening, Policy},
};
use secrecy::SecretString;
use store::Store;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Committed, Driver, FAILED_PAUSE_MS, Running, Tasks};
use crate::{
    access::Access,
    desk::Desk,
    push::{PushClient, PushConfig},
    route::{Attachment, Route},
    runtime::ConnectorRuntime,
    timer::Timer,
};

const CHAT: &str = "cht_1";

/// A platform that answers everything with `status`, and how often it was asked.
async fn platform(status: StatusCode) -> (Target, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let router = Router::new().route(
        "/",
        post(async move || {
            counter.fetch_add(1, Ordering::SeqCst);
            status
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(edge::serve::serve(listener, router, CancellationToken::new()));
    (Target::parse(&url, true).unwrap(), asked)
}

fn route(store: &Store, target: Target, clock: Clock) -> Arc<Route> {
    let desk = Arc::new(Desk::new(Vec::new(), store.clone()).unwrap());
    route_to(store, target, clock, desk)
}

fn route_to(
    store: &Store,
    target: Target,
    clock: Clock,
    attachment: Arc<dyn Attachment>,
) -> Arc<Route> {
    let push = PushConfig::new(target, "key".into());
    Arc::new(Route {
        id: "desk".into(),
        access: Access::by_token(SecretString::from("token")),
        ledger: store.ledger("desk"),
        policy: Policy::default(),
        push: PushClient::new(Egress::new().unwrap(), Clock::system(), push).unwrap(),
        clock,
        attachment,
        queue: crate::queue::Queue::new(1_000),
    })
}

/// A chat that was claimed just now; nobody has driven it yet.
async fn claimed(route: &Route, now: i64) -> Committed<Chat> {
    route.ledger.create(CHAT, &Chat::new("bot", "visitor")).await.unwrap();
    let opening = Opening {
        text: "human please".to_owned(),
        language: "en".to_owned(),
        intent: None,
        transcript: Vec::new(),
    };
    let agent = Agent {
        email: "jane@example.com".to_owned(),
        name: "Jane".to_owned(),
        avatar_url: String::new(),
    };
    let open = Input::StepOne { opening, available: true, missed: Vec::new() };
    route.ledger.step(CHAT, &route.policy, now, None, open).await.unwrap();
    let claim = Input::Claim { agent };
    let stepped = route.ledger.step(CHAT, &route.policy, now, None, claim).await.unwrap();
    let (owner, state, events) = (route.id.clone(), stepped.state, stepped.events);
    Committed { owner, id: CHAT.into(), state, events }
}

async fn at_rest(driver: &Driver) {
    let stopped = driver.0.tasks.stopped();
    tokio::time::timeout(Duration::from_secs(10), stopped).await.expect("something still runs");
}

/// A commit may be told so late that the chat was driven by then. What was accepted is not pushed
/// again, and what must wait still waits.
#[tokio::test]
async fn a_step_that_is_told_late_pushes_nothing_again() {
    for (status, owes) in [(StatusCode::OK, false), (StatusCode::SERVICE_UNAVAILABLE, true)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bridge.db");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let (clock, _hand) = Clock::manual(1_795_341_600_000);
        let (target, asked) = platform(status).await;
        let route = route(&store, target, clock.clone());
        let late = claimed(&route, clock.now()).await;
        let driver = Driver::new(route.clone().into(), clock, Tasks::new());
        driver.committed(&late);
        at_rest(&driver).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let state = route.ledger.load(CHAT).await.unwrap().unwrap();
        assert_eq!(state.owes(), owes, "{status}");
        assert!(late.state.owes());
        driver.committed(&late);
        at_rest(&driver).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{status}");
    }
}

/// A store on a file, a route at the desk, its driver, and how often its platform was asked.
struct Bench {
    store: Store,
    clock: Clock,
    hand: ManualClock,
    route: Arc<Route>,
    driver: Driver,
    asked: Arc<AtomicUsize>,
    files: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("bridge.db");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let (clock, hand) = Clock::manual(1_795_341_600_000);
        let (target, asked) = platform(StatusCode::OK).await;
        let route = route(&store, target, clock.clone());
        let routes = route.clone().into();
        let driver = Driver::new(routes, clock.clone(), Tasks::new());
        Self { store, clock, hand, route, driver, asked, files }
    }
}

#[tokio::test]
async fn a_push_that_panics_is_tried_again_after_a_pause() {
    let Bench { clock, hand, route, driver, asked, files: _files, .. } = Bench::new().await;
    claimed(&route, clock.now()).await;
    driver.0.work.lock().running.insert(CHAT.to_owned(), false);
    let running = Running { driver: driver.clone(), route, id: CHAT.to_owned(), has_left: false };
    let panicked = tokio::spawn(async move {
        let _running = running;
        panic!("what a platform sent");
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert!(driver.0.work.lock().running.is_empty());
    let next = driver.unpark(clock.now());
    assert_eq!(next, Some(clock.now() + FAILED_PAUSE_MS));
    hand.advance(FAILED_PAUSE_MS);
    driver.unpark(clock.now());
    at_rest(&driver).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_sweep_finds_what_no_commit_told() {
    let Bench { store, clock, route, driver, asked, files: _files, .. } = Bench::new().await;
    claimed(&route, clock.now()).await;
    let timer = Timer {
        routes: route.clone().into(),
        driver: driver.clone(),
        store,
        clock,
        tasks: driver.0.tasks.clone(),
    };
    assert_eq!(timer.sweep().await.unwrap(), 0, "every chat has a route");
    at_rest(&driver).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// A connector whose sessions hear nothing, and that panics at each checkpoint.
struct Fragile;

#[async_trait::async_trait]
impl Connector for Fragile {
    fn session(&self, _: &HandoverInfo, _checkpoint: Option<&str>) -> Box<dyn Session> {
        Box::new(Silent)
    }

    fn address(&self, checkpoint: &str) -> Option<String> {
        panic!("what a vendor sent: {checkpoint}")
    }

    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

struct Silent;

#[async_trait::async_trait]
impl Session for Silent {
    async fn deliver(
        &mut self,
        _attempt: &connector::Attempt<'_>,
        _again: connector::Again,
    ) -> Result<Vec<connector::ConnectorEvent>, connector::Failure> {
        Ok(Vec::new())
    }

    fn checkpoint(&self) -> Option<String> {
        None
    }

    fn listens(&self) -> bool {
        true
    }

    async fn ready(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// The bench with a route at a tool.
async fn at_tool() -> (Bench, Arc<Route>, Driver) {
    let bench = Bench::new().await;
    let (target, _) = platform(StatusCode::OK).await;
    let (clock, tasks) = (bench.clock.clone(), Tasks::new());
    let runtime = ConnectorRuntime::new("tool", Arc::new(Fragile), clock.clone(), tasks.clone());
    let route = route_to(&bench.store, target, clock.clone(), Arc::new(runtime.clone()));
    runtime.take_up_open(&route).await.unwrap();
    let driver = Driver::new(route.clone().into(), clock, tasks);
    (bench, route, driver)
}

#[tokio::test]
async fn a_chat_that_cannot_be_read_is_left_alone() {
    let (bench, route, driver) = at_tool().await;
    claimed(&route, bench.clock.now()).await;
    let file = rusqlite::Connection::open(bench.files.path().join("bridge.db")).unwrap();
    file.busy_timeout(Duration::from_secs(5)).unwrap();
    file.execute_batch("UPDATE subjects SET state = '{}'").unwrap();
    assert!(!route.ledger.load(CHAT).await.unwrap_err().is_temporary());
    driver.take_up(&route, CHAT);
    at_rest(&driver).await;
    assert!(driver.0.work.lock().parked.is_empty(), "it would be tried for ever");
}

#[tokio::test]
async fn a_dropped_bridge_lets_go_of_its_routes() {
    let (_bench, route, driver) = at_tool().await;
    let weak = Arc::downgrade(&route);
    drop((route, driver));
    assert!(weak.upgrade().is_none(), "it keeps the store open");
}

/// A connector that panics at a checkpoint holds up no push, and a chat task hears of the end of
/// its chat also from a commit that was found by a second look, without events.
#[tokio::test]
async fn a_commit_is_acted_on_whatever_the_connector_does() {
    let (bench, route, driver) = at_tool().await;
    let now = bench.clock.now();
    let policy = Policy { connector: Some("tool".to_owned()), ..Policy::default() };
    route.ledger.create(CHAT, &Chat::new("bot", "visitor")).await.unwrap();
    let opening = Opening {
        text: "human please".to_owned(),
        language: "en".to_owned(),
        intent: None,
        transcript: Vec::new(),
    };
    let step = async |input: Input| {
        let stepped = route.ledger.step(CHAT, &policy, now, None, input).await.unwrap();
        let (owner, state) = (route.id.clone(), stepped.state);
        Committed { owner, id: CHAT.into(), state, events: Vec::new().into() }
    };
    let opened = step(Input::StepOne { opening, available: true, missed: Vec::new() }).await;
    let (id, opening) = (opened.state.owed_delivery().unwrap().id, opened.state.opening().unwrap());
    let events = vec![ConnectorEvent::Notice { text: "hello".to_owned() }];
    let checkpoint = Some("chat-7".to_owned());
    let taken = step(Input::Delivered { id, checkpoint, events }).await;
    driver.committed(&taken);
    let pushed = async || route.ledger.load(CHAT).await.unwrap().is_some_and(|chat| !chat.owes());
    while !pushed().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    driver.take_up(&route, CHAT);
    let runs = driver.0.tasks.stopped();
    tokio::time::timeout(Duration::from_millis(200), runs).await.expect_err("the chat is heard");
    let event = Some(ConnectorEvent::Ended);
    driver.committed(&step(Input::Heard { opening, event, checkpoint: None }).await);
    at_rest(&driver).await;
}
