//! One notification channel for all chats: its frames say in which conversation something
//! happened, and nothing of them is used but that. Whatever is missed here is seen by the next
//! look at the conversation, which comes sooner while nothing is subscribed.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use connector::{
    Failure, Host,
    client::{Request, of_egress},
};
use edge::egress::{Heard, Socket, Target};
use http::{HeaderMap, Method};
use machine::retry;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::open::Shared;

/// Topics of one channel, a limit of the vendor's.
const TOPICS_MAX: usize = 1_000;
const KINDS: [&str; 3] = ["user.start", "user.end", "customer.end"];
/// Heartbeats come every 30 seconds.
const SILENCE_MAX: Duration = Duration::from_secs(75);
/// Chats that begin and end together are subscribed together.
const GATHER: Duration = Duration::from_millis(200);
/// A channel lives 24 hours after its last subscription.
const RENEW_EVERY: Duration = Duration::from_hours(12);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// Runs until the bridge stops; a channel that ends is followed by another.
pub(super) async fn run(shared: &Shared, host: &Arc<dyn Host>) {
    let mut failed = 0;
    loop {
        let opened = Instant::now();
        let ended = listen(shared).await;
        shared.seats.unsubscribe();
        if let Err(failure) = ended {
            tracing::info!(detail = failure.detail(), "notifications ended");
        }
        failed = if opened.elapsed() > SILENCE_MAX { 1 } else { failed + 1 };
        let wait = retry::delay("notifications", failed).unsigned_abs();
        let until = host.clock().now() + wait as i64;
        while host.clock().now() < until {
            tokio::time::sleep(GATHER).await;
        }
    }
}

async fn listen(shared: &Shared) -> Result<(), Failure> {
    let channel = shared.client.json(Request::post("api/v2/notifications/channels")).await?;
    let field = |name: &str| channel[name].as_str().unwrap_or_default();
    let (id, uri) = (field("id"), field("connectUri"));
    let mut socket = connect(shared, uri).await?;
    subscribe(shared, id).await?;
    let mut renew_at = Instant::now() + RENEW_EVERY;
    loop {
        tokio::select! {
            heard = tokio::time::timeout(SILENCE_MAX, socket.next()) => match heard {
                Ok(Ok(Heard::Text(text))) => happened(shared, &text),
                Ok(Ok(Heard::Life)) => {}
                Ok(Ok(Heard::Closed)) => return Ok(()),
                Ok(Err(error)) => return Err(of_egress(&error)),
                Err(_) => return Err(Failure::later("no heartbeat")),
            },
            () = shared.seats.changed.notified() => {
                tokio::time::sleep(GATHER).await;
                subscribe(shared, id).await?;
                renew_at = Instant::now() + RENEW_EVERY;
            }
            () = tokio::time::sleep_until(renew_at) => {
                subscribe(shared, id).await?;
                renew_at = Instant::now() + RENEW_EVERY;
            }
        }
    }
}

/// The address comes from the vendor: the guard of the API's own address stands before it too.
async fn connect(shared: &Shared, uri: &str) -> Result<Socket, Failure> {
    let Some(rest) = uri.strip_prefix("ws") else {
        return Err(Failure::refused("the channel has no address"));
    };
    let target = Target::parse(&format!("http{rest}"), shared.api.allows_private());
    let target = target.map_err(|error| Failure::refused(error.to_string()))?;
    let socket =
        shared.egress.connect(&target, HeaderMap::new(), CONNECT_WITHIN, FRAME_BYTES_MAX).await;
    socket.map_err(|error| of_egress(&error))
}

/// Subscribes to every open conversation, as far as the channel has room, and lets those that are
/// new be looked at: what happened before nobody told.
async fn subscribe(shared: &Shared, channel: &str) -> Result<(), Failure> {
    let seats = shared.seats.all();
    let told = &seats[..seats.len().min(TOPICS_MAX / KINDS.len())];
    let topics = told.iter().flat_map(|seat| {
        let topic = |kind| format!("v2.detail.events.conversation.{}.{kind}", seat.conversation);
        KINDS.map(|kind| json!({ "id": topic(kind) }))
    });
    let topics: Vec<Value> = topics.collect();
    if topics.is_empty() {
        // Of what is over nothing more is told.
        return Ok(());
    }
    let path = format!("api/v2/notifications/channels/{channel}/subscriptions");
    let request = Request::new(Method::PUT, path).json(&json!(topics));
    shared.client.json(request).await?;
    for seat in told {
        if !seat.subscribed.swap(true, Ordering::Relaxed) {
            seat.look.notify_one();
        }
    }
    Ok(())
}

fn happened(shared: &Shared, frame: &str) {
    let frame: Value = serde_json::from_str(frame).unwrap_or_default();
    if let Some(conversation) = frame["eventBody"]["conversationId"].as_str() {
        shared.seats.look_at(conversation);
    }
}
