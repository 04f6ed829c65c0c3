//! One notification channel for all chats. A frame only says in which conversation something has
//! happened, and that conversation is polled. A lost frame delays and loses nothing: every
//! conversation is polled from time to time, and more often while it is not subscribed.

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

use super::Shared;

/// Most topics of one channel, a limit of the vendor's.
const TOPICS_MAX: usize = 1_000;
const KINDS: [&str; 3] = ["user.start", "user.end", "customer.end"];
/// Longest time without a frame: the vendor sends a heartbeat every 30 seconds.
const SILENCE_MAX: Duration = Duration::from_secs(75);
/// Chats that begin or end within this time are subscribed together.
const GATHER: Duration = Duration::from_millis(200);
/// The vendor ends a channel 24 hours after its last subscription.
const RENEW_EVERY: Duration = Duration::from_hours(12);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// Runs until the bridge stops. When a channel ends, opens another one after a wait.
pub(super) async fn run(shared: &Shared, host: &Arc<dyn Host>) {
    let mut failed = 0;
    loop {
        let opened = Instant::now();
        let ended = listen(shared).await;
        shared.conversations.set_unsubscribed();
        if let Err(failure) = ended {
            let detail = failure.detail();
            let connector = &shared.name;
            tracing::info!(connector, detail, "the notification channel of Genesys Cloud ended");
        }
        failed = if opened.elapsed() > SILENCE_MAX { 1 } else { failed + 1 };
        let clock = host.clock();
        clock.sleep_until(clock.now() + retry::delay("notifications", failed)).await;
    }
}

async fn listen(shared: &Shared) -> Result<(), Failure> {
    let channel = shared.client.json(Request::post("api/v2/notifications/channels")).await?;
    let field = |name: &str| channel[name].as_str().unwrap_or_default();
    let (id, uri) = (field("id"), field("connectUri"));
    let mut socket = connect(shared, uri).await?;
    subscribe(shared, id).await?;
    let mut renew_at = Instant::now() + RENEW_EVERY;
    let mut silent_at = Instant::now() + SILENCE_MAX;
    loop {
        tokio::select! {
            frame = socket.next() => match frame.map_err(|error| of_egress(&error))? {
                Heard::Closed => return Ok(()),
                frame => {
                    silent_at = Instant::now() + SILENCE_MAX;
                    if let Heard::Text(text) = frame {
                        take_frame(shared, &text);
                    }
                }
            },
            () = tokio::time::sleep_until(silent_at) => {
                return Err(Failure::later("the channel sent no heartbeat"));
            }
            () = shared.conversations.changed.notified() => {
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

/// The vendor sends the URL of the socket, so it must pass the same guard as the URL of the API.
async fn connect(shared: &Shared, uri: &str) -> Result<Socket, Failure> {
    let Some(rest) = uri.strip_prefix("ws") else {
        return Err(Failure::refused("the notification channel has no `connectUri`"));
    };
    let target = Target::parse(&format!("http{rest}"), shared.api.allows_private());
    let target = target.map_err(|error| Failure::refused(error.to_string()))?;
    let socket =
        shared.egress.connect(&target, HeaderMap::new(), CONNECT_WITHIN, FRAME_BYTES_MAX).await;
    socket.map_err(|error| of_egress(&error))
}

/// Subscribes to the open conversations, as many as the channel has room for. Asks for a poll of
/// the new ones: earlier events of them were not notified.
async fn subscribe(shared: &Shared, channel: &str) -> Result<(), Failure> {
    let open = shared.conversations.all();
    let subscribed = &open[..open.len().min(TOPICS_MAX / KINDS.len())];
    let topics = subscribed.iter().flat_map(|conversation| {
        let topic = |kind| format!("v2.detail.events.conversation.{}.{kind}", conversation.id);
        KINDS.map(|kind| json!({ "id": topic(kind) }))
    });
    let topics: Vec<Value> = topics.collect();
    if topics.is_empty() {
        // Old subscriptions may stay: their conversations have ended.
        return Ok(());
    }
    let path = format!("api/v2/notifications/channels/{channel}/subscriptions");
    let request = Request::new(Method::PUT, path).json(&json!(topics));
    shared.client.json(request).await?;
    for conversation in subscribed {
        if !conversation.subscribed.swap(true, Ordering::Relaxed) {
            conversation.poll.notify_one();
        }
    }
    Ok(())
}

fn take_frame(shared: &Shared, frame: &str) {
    let frame: Value = wire::json::read(frame.as_bytes()).unwrap_or_default();
    if let Some(conversation) = frame["eventBody"]["conversationId"].as_str() {
        shared.conversations.poll(conversation);
    }
}
