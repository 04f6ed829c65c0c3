use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, http::StatusCode, routing::post};
use edge::{
    Clock, ManualClock,
    egress::{Egress, Target},
};
use machine::{
    Machine as _,
    chat::{Agent, Chat, Input, Opening, Policy},
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
    route::Route,
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
    let push = PushConfig::new(target, "key".into());
    Arc::new(Route {
        id: "desk".into(),
        access: Access::by_token(SecretString::from("token")),
        ledger: store.ledger("desk"),
        policy: Policy::default(),
        push: PushClient::new(Egress::new().unwrap(), Clock::system(), push).unwrap(),
        clock,
        attachment: Arc::new(Desk::new(Vec::new(), store.clone()).unwrap()),
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
    let open = Input::StepOne { opening, available: true };
    route.ledger.step(CHAT, &route.policy, now, None, open).await.unwrap();
    let claim = Input::Claim { agent };
    let stepped = route.ledger.step(CHAT, &route.policy, now, None, claim).await.unwrap();
    let (owner, state, events) = (route.id.clone(), stepped.state, stepped.events);
    Committed { owner, id: CHAT.into(), state, events }
}

async fn at_rest(driver: &Driver) {
    driver.0.tasks.stopped().await;
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
        let driver = Driver::new([(route.id.clone(), route.clone())].into(), clock, Tasks::new());
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
    _files: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("bridge.db");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let (clock, hand) = Clock::manual(1_795_341_600_000);
        let (target, asked) = platform(StatusCode::OK).await;
        let route = route(&store, target, clock.clone());
        let routes = [(route.id.clone(), route.clone())].into();
        let driver = Driver::new(routes, clock.clone(), Tasks::new());
        Self { store, clock, hand, route, driver, asked, _files: files }
    }
}

#[tokio::test]
async fn a_push_that_panics_is_tried_again_after_a_pause() {
    let Bench { clock, hand, route, driver, asked, _files, .. } = Bench::new().await;
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
    let Bench { store, clock, route, driver, asked, _files, .. } = Bench::new().await;
    claimed(&route, clock.now()).await;
    let timer = Timer {
        routes: [(route.id.clone(), route.clone())].into(),
        driver: driver.clone(),
        store,
        clock,
        tasks: driver.0.tasks.clone(),
    };
    assert_eq!(timer.sweep().await.unwrap(), 0, "every chat has a route");
    at_rest(&driver).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
