//! Callers that hang up. A handler that is dropped at any await changes nothing for what was
//! committed: it is performed without a further request. Each test polls one route once, twice and
//! so on until it completes, and drops it then. To see them fail, leave out
//! `self.driver.subscribe` in `Bridge::start`.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::Response};
use http::{Method, Request, header};
use machine::chat::{Chat, Phase};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    page::Page,
    scripted::Scripted,
    world::{TOKEN, World, step_one, step_two},
};

/// How long the store may take to commit what a dropped handler had handed in.
const COMMITS_WITHIN: Duration = Duration::from_millis(60);
/// How soon what was committed must be performed: long before the sweep.
const PERFORMED_WITHIN: Duration = Duration::from_secs(2);

/// Polls a future so many times, and then no more.
struct Polled<F> {
    inner: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.left -= 1;
        match self.inner.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The answer, unless the request was dropped after so many polls.
async fn polled(world: &World, request: Request<Body>, polls: usize) -> Option<Response> {
    let answer = world.router.clone().oneshot(request);
    let answer = Polled { inner: Box::pin(answer), left: polls }.await;
    answer.map(|answer| answer.unwrap())
}

fn webhook(body: &Value) -> Request<Body> {
    let request = Request::post("/handover/desk").header(header::AUTHORIZATION, TOKEN);
    request.body(Body::from(body.to_string())).unwrap()
}

/// A call that says what happened at the platform.
fn of_kind(user: &str, kind: &str) -> Value {
    let mut body = step_two(user, "");
    body["eventType"] = json!(kind);
    body
}

fn of_page(page: &Page, method: Method, path: &str, body: &Value) -> Request<Body> {
    let request = Request::builder().method(method).uri(format!("/desk/api/{path}"));
    let request = request.header("x-baton-desk", "1").header(header::COOKIE, &page.cookie);
    request.body(Body::from(body.to_string())).unwrap()
}

/// Waits until whatever was committed is performed, with nobody asking for it.
async fn performed(world: &World, id: &str) -> Chat {
    tokio::time::sleep(COMMITS_WITHIN).await;
    let settled = tokio::time::timeout(PERFORMED_WITHIN, world.settled(id)).await;
    settled.expect("what was committed is not performed")
}

/// More polls than any request needs, and more rounds than any test does.
const POLLS_MAX: usize = 60;
const ROUNDS_MAX: usize = 100;

/// What an agent does in a chat, and whether it is done.
type Deed = (&'static str, fn(&Chat) -> bool);

const DEEDS: [Deed; 4] = [
    ("claim", |chat| chat.agent().is_some()),
    ("messages", |chat| chat.pushed_through() > 0),
    ("close", |chat| matches!(chat.phase(), Phase::Closed { .. })),
    ("typing", |_| false),
];

#[tokio::test]
async fn what_an_agent_did_is_performed_once_it_is_committed() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    for (deed, is_done) in DEEDS {
        let (mut polls, mut dropped_after_commit) = (0, 0);
        for round in 0.. {
            polls += 1;
            let user = format!("{deed}-{round}");
            world.step_one(&user).await;
            let id = jane.open_chat_of(&user).await;
            if deed != "claim" {
                assert_eq!(jane.post(&format!("chats/{id}/claim"), json!({})).await.0, 200);
            }
            world.settled(&id).await;
            let body = json!({ "clientId": "m1", "text": "hello" });
            let request = of_page(&jane, Method::POST, &format!("chats/{id}/{deed}"), &body);
            let answer = polled(&world, request, polls).await;
            let done = is_done(&performed(&world, &id).await);
            let pushed = |wanted: &dyn Fn(&Value) -> bool| {
                world.platform.taken().iter().any(|body| body["userId"] == *user && wanted(body))
            };
            let told = match deed {
                "claim" => pushed(&|body| body["agentProfile"]["name"] == "Jane Doe"),
                "messages" => pushed(&|body| body["text"] == "hello"),
                _ => pushed(&|body| body["paused"] == false),
            };
            assert!(told || !done, "{deed} after {polls} polls");
            dropped_after_commit += usize::from(done && answer.is_none());
            // Now and then an answer of the store is there at once, and no poll is between.
            if let Some(answer) = answer {
                assert!(answer.status().is_success(), "{deed}: {}", answer.status());
                assert!(done || deed == "typing", "{deed}");
                if dropped_after_commit > 0 || deed == "typing" {
                    break;
                }
                polls = 0;
            }
            assert!(round < ROUNDS_MAX, "{deed} was never dropped after its commit");
        }
    }
}

#[tokio::test]
async fn a_dropped_call_of_the_platform_is_performed_once_it_is_committed() {
    let tool = Arc::new(Scripted::default());
    let world = World::with_connector(tool.clone()).await;
    for what in ["one", "two", "typing", "left", "expired"] {
        for polls in 1..=POLLS_MAX {
            let user = format!("{what}-{polls}");
            let body = match what {
                "one" => step_one(&user),
                "two" => step_two(&user, "hello"),
                "typing" => of_kind(&user, "user_typing"),
                "left" => of_kind(&user, "user_left"),
                _ => of_kind(&user, "pause_expired"),
            };
            if what != "one" {
                world.step_one(&user).await;
            }
            let answer = polled(&world, webhook(&body), polls).await;
            tokio::time::sleep(COMMITS_WITHIN).await;
            let wanted = match what {
                "one" => format!("{user}: open"),
                "two" => format!("{user}: hello"),
                _ => format!("{user}: leave"),
            };
            let brought = || tool.brought.lock().contains(&wanted);
            // The call is worked off to its end, also where the caller has gone.
            if polls > 1 && what != "typing" {
                let looking = async {
                    while !brought() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                let looked = tokio::time::timeout(PERFORMED_WITHIN, looking).await;
                assert!(looked.is_ok(), "{what} after {polls} polls");
            }
            if let Some(answer) = answer {
                assert!(answer.status().is_success(), "{what}: {}", answer.status());
                break;
            }
            assert!(polls < POLLS_MAX, "{what} never ends");
        }
    }
    for (id, _) in world.ledger.open_ids(1_000).await.unwrap() {
        performed(&world, &id).await;
    }
}

#[tokio::test]
async fn a_dropped_call_of_a_tool_is_performed_once_it_is_committed() {
    let tool = Arc::new(Scripted::default());
    let world = World::with_connector(tool.clone()).await;
    for polls in 1..=POLLS_MAX {
        let user = format!("u-{polls}");
        world.step_one(&user).await;
        let request = Request::post(format!("/connectors/tool/{user}/hello{polls}"));
        let answer = polled(&world, request.body(Body::empty()).unwrap(), polls).await;
        let text = format!("hello{polls}");
        let looking = async {
            while !world.platform.texts().contains(&text) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let looked = tokio::time::timeout(PERFORMED_WITHIN, looking).await;
        assert!(looked.is_ok() || polls == 1 && answer.is_none(), "after {polls} polls");
        if answer.is_some() {
            return;
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn a_dropped_sign_in_or_sign_out_stops_nobody() {
    let world = World::start().await;
    for polls in 1..=POLLS_MAX {
        let body = json!({ "email": "jane@example.com", "password": "jane's password" });
        let request = Request::post("/desk/api/session").header("x-baton-desk", "1");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let signed_in = polled(&world, request, polls).await.is_some();
        let page = world.sign_in("jane").await;
        let available = json!({ "available": true });
        let request = of_page(&page, Method::PUT, "availability", &available);
        let set = polled(&world, request, polls).await.is_some();
        let request = of_page(&page, Method::DELETE, "session", &Value::Null);
        let signed_out = polled(&world, request, polls).await.is_some();
        let page = world.sign_in("jane").await;
        assert_eq!(page.put("availability", available).await.0, 204);
        assert_eq!(world.step_one(&format!("u-{polls}")).await["paused"], true);
        if signed_in && set && signed_out {
            return;
        }
    }
    panic!("it never ends");
}
