//! C1: the client goes away in the middle of a request. What was committed by then is performed all
//! the same, soon and without any further request; what was not committed leaves no trace.
//!
//! Each request is polled n times and then dropped, for n = 1, 2, … until it completes. That covers
//! every await of the handler.

use std::{net::SocketAddr, task::Poll, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::Request,
    response::Response,
};
use futures::{StreamExt as _, stream};
use machine::conversation::Event;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{PUSH_KEY, Visitor, World, config};

/// How soon a call must be made; far less than the 30 seconds between two sweeps.
const SOON: Duration = Duration::from_secs(3);
/// More polls than any handler needs.
const POLLS_MAX: usize = 64;
/// More rounds than any test needs.
const ROUNDS_MAX: usize = 20;

async fn world() -> World {
    World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "support", "script");
        let webhook = config.webhook.as_mut().unwrap();
        (webhook.forward_headers, webhook.endings, webhook.typing) = (true, true, true);
        vec![config]
    })
    .await
}

/// Polls a future at most `polls` times, each time after it asked for it; then drops it.
async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut polled = 0;
    std::future::poll_fn(move |context| {
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A body that arrives in two parts, with a wait before each.
fn in_parts(body: &Value) -> Body {
    let text = body.to_string();
    let (head, tail) = text.split_at(text.len() / 2);
    let parts = [head, tail].map(|part| Ok::<_, std::io::Error>(Bytes::from(part.to_owned())));
    Body::from_stream(stream::iter(parts).then(async |part| {
        tokio::task::yield_now().await;
        part
    }))
}

fn request(path: &str, secret: &str, body: &Value) -> Request<Body> {
    let peer: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let mut request = Request::post(path)
        .header("authorization", secret)
        .header("content-type", "application/json")
        .body(in_parts(body))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

/// Sends a request that is dropped after so many polls. Returns the answer, if there was one, after
/// everything that the handler had given to the store is committed.
async fn send(world: &World, polls: usize, request: Request<Body>) -> Option<Response> {
    let answer = drop_after(polls, world.router.clone().oneshot(request)).await;
    world.store.put_record("test", "barrier", "", None).await.unwrap();
    answer.map(|answer| answer.expect("a router does not fail"))
}

/// The handler was dropped after its commit at least once, and completed at last.
#[derive(Default)]
struct Seen {
    dropped_after_commit: usize,
    completed: bool,
}

impl Seen {
    fn note(&mut self, answer: Option<&Response>, committed: bool) {
        self.dropped_after_commit += usize::from(committed && answer.is_none());
        if let Some(answer) = answer {
            assert!(answer.status().is_success(), "{}", answer.status());
            self.completed = true;
        }
    }

    fn check(&self, what: &str) {
        assert!(self.completed, "{what}: {POLLS_MAX} polls were too few");
        assert!(self.dropped_after_commit > 0, "{what}: no drop hit the moment after the commit");
    }
}

/// Waits until something is so; the failure names it.
async fn soon<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(SOON, looking).await.unwrap_or_else(|_| panic!("not done: {what}"))
}

async fn has(visitor: &Visitor, fits: impl Fn(&Event) -> bool) -> bool {
    visitor.journal().await.iter().any(|recorded| fits(&recorded.event))
}

/// A message to a human agent, with headers for the webhook.
async fn message_to_a_human(world: &World, polls: usize, seen: &mut Seen) {
    let visitor = world.paused_visitor("support").await;
    let headers = json!({ "x-token": format!("secret {polls}") });
    let body = json!({ "clientId": "c", "text": "hello", "webhookHeaders": headers });
    let secret = format!("Bearer {}", visitor.token);
    let sent = request("/v1/conversation/messages", &secret, &body);
    let answer = send(world, polls, sent).await;
    let committed = has(&visitor, |event| matches!(event, Event::VisitorSaid { .. })).await;
    seen.note(answer.as_ref(), committed);
    if committed {
        let call = soon("the webhook call", async || world.bridge.calls_of(&visitor.user).pop());
        let call = call.await;
        assert_eq!(call.text(), "hello");
        assert_eq!(call.body["queryParams"]["webhookHeaders"], headers, "{polls} polls");
    }
}

/// A message to the bot that hands over: the headers go with the query and with step one.
async fn message_to_the_bot(world: &World, polls: usize, seen: &mut Seen) {
    let visitor = world.visitor().await;
    let headers = json!({ "x-token": format!("secret {polls}") });
    let body = json!({ "clientId": "c", "text": "handover", "webhookHeaders": headers });
    let secret = format!("Bearer {}", visitor.token);
    let sent = request("/v1/conversation/messages", &secret, &body);
    let answer = send(world, polls, sent).await;
    let committed = has(&visitor, |event| matches!(event, Event::VisitorSaid { .. })).await;
    seen.note(answer.as_ref(), committed);
    if committed {
        let call = soon("step one", async || world.bridge.calls_of(&visitor.user).pop()).await;
        assert!(call.is_step_one());
        assert_eq!(call.body["queryParams"]["webhookHeaders"], headers, "{polls} polls");
        let queries = world.bot.queries.lock().unwrap();
        let own = queries.iter().find(|query| query.session.ends_with(&visitor.conversation));
        let (_, value) = &own.unwrap().webhook_headers[0];
        assert_eq!(value.expose_secret(), format!("secret {polls}"));
    }
}

/// The visitor ends the live chat.
async fn end(world: &World, polls: usize, seen: &mut Seen) {
    let visitor = world.paused_visitor("support").await;
    let secret = format!("Bearer {}", visitor.token);
    let answer = send(world, polls, request("/v1/conversation/end", &secret, &json!({}))).await;
    let committed = visitor.state().await.paused_until().is_none();
    seen.note(answer.as_ref(), committed);
    if committed {
        let call = soon("the bridge told", async || world.bridge.calls_of(&visitor.user).pop());
        assert_eq!(call.await.body["eventType"], "user_left", "{polls} polls");
    }
}

/// A push that resumes with an event: the bot is asked.
async fn resume_push(world: &World, polls: usize, seen: &mut Seen) {
    let visitor = world.paused_visitor("support").await;
    let body = json!({ "userId": visitor.user, "botId": "support", "messageId": "p",
        "eventType": "channel_update", "paused": false, "unpauseChatEvent": "RESUMED" });
    let answer = send(world, polls, request(wire::push::PATH, PUSH_KEY, &body)).await;
    let committed = visitor.state().await.paused_until().is_none();
    seen.note(answer.as_ref(), committed);
    if committed {
        soon("the bot asked", async || {
            (world.bot.asked(&visitor.conversation) == ["!RESUMED"]).then_some(())
        })
        .await;
    }
}

/// A push of a message that also pauses, while the visitor's own message waits for the slow bot.
async fn message_push(world: &World, polls: usize, seen: &mut Seen) {
    let visitor = world.visitor().await;
    visitor.say("slow hello").await;
    let body = json!({ "userId": visitor.user, "botId": "support", "messageId": "p",
        "eventType": "message", "text": "Jane here", "paused": true });
    let answer = send(world, polls, request(wire::push::PATH, PUSH_KEY, &body)).await;
    let committed = has(&visitor, |event| matches!(event, Event::AgentSaid { .. })).await;
    seen.note(answer.as_ref(), committed);
    if committed {
        let call =
            soon("the waiting message sent", async || world.bridge.calls_of(&visitor.user).pop());
        assert_eq!(call.await.text(), "slow hello", "{polls} polls");
    }
    world.bot.gate.add_permits(1);
}

/// A push of typing that also pauses.
async fn typing_push(world: &World, polls: usize, seen: &mut Seen) {
    let visitor = world.visitor().await;
    visitor.say("slow hello").await;
    let body = json!({ "userId": visitor.user, "botId": "support", "messageId": "p",
        "eventType": "user_typing", "paused": true });
    let answer = send(world, polls, request(wire::push::PATH, PUSH_KEY, &body)).await;
    let committed = visitor.state().await.paused_until().is_some();
    seen.note(answer.as_ref(), committed);
    if committed {
        let call =
            soon("the waiting message sent", async || world.bridge.calls_of(&visitor.user).pop());
        assert_eq!(call.await.text(), "slow hello", "{polls} polls");
    }
    world.bot.gate.add_permits(1);
}

macro_rules! with_the_client_gone_at_each_point {
    ($($route:ident),*) => { $(
        mod $route {
            #[tokio::test]
            async fn is_performed_though_the_client_is_gone() {
                let world = super::world().await;
                let mut seen = super::Seen::default();
                // A commit may be done before the poll that began it ends; then no drop hits it.
                for _ in 0..super::ROUNDS_MAX {
                    seen.completed = false;
                    for polls in 1..=super::POLLS_MAX {
                        super::$route(&world, polls, &mut seen).await;
                        if seen.completed {
                            break;
                        }
                    }
                    if seen.dropped_after_commit > 0 {
                        break;
                    }
                }
                seen.check(stringify!($route));
            }
        }
    )* };
}

with_the_client_gone_at_each_point!(
    message_to_a_human,
    message_to_the_bot,
    end,
    resume_push,
    message_push,
    typing_push
);

/// Routes that commit nothing a driver would perform: the client may go at any point, and the next
/// request finds all as it was.
#[tokio::test]
async fn the_other_routes_do_no_harm_when_the_client_is_gone() {
    let world = world().await;
    let visitor = world.paused_visitor("support").await;
    let secret = format!("Bearer {}", visitor.token);
    for (path, body) in [
        ("/v1/conversation/typing", json!({})),
        ("/v1/bots/support/visitors", json!({ "language": "en" })),
    ] {
        let mut completed = false;
        for polls in 1..=POLLS_MAX {
            completed = send(&world, polls, request(path, &secret, &body)).await.is_some();
            if completed {
                break;
            }
        }
        assert!(completed, "{path}");
    }
    visitor.say("hello").await;
    visitor.at_rest().await;
    let calls = world.bridge.calls_of(&visitor.user);
    assert_eq!(calls.iter().filter(|call| call.text() == "hello").count(), 1);
}

/// The proof that the tests above can fail: a driver that does not hear of commits.
#[cfg(feature = "mutants")]
mod mutants {
    use std::process::Command;

    #[test]
    fn a_driver_that_hears_of_no_commit_is_found() {
        for route in ["message_to_a_human", "message_to_the_bot", "end", "resume_push"] {
            let test = format!("dropped::{route}::is_performed_though_the_client_is_gone");
            let victim = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", &test])
                .env("BATON_MUTANT", "platform-driver-deaf")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&victim.stdout);
            assert!(said.contains("not done: "), "{route} saw nothing: {said}");
        }
    }
}
