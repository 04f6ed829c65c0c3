//! Webhook of ICWS `web-chat` 5: events go out as they happen, in order, each tried once. The poll
//! returns the same events, so a failed delivery loses nothing.

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{
    super::{
        chat::WireEvent,
        options::{Options, WebhookBody},
    },
    events::{message, poll_body},
};
use crate::caller::Caller;

/// Returns a sender. Every event sent to it goes to `url`, until the sender is dropped.
pub(super) fn deliver(url: String, options: &Options) -> UnboundedSender<WireEvent> {
    let options = options.clone();
    let (sender, mut events) = unbounded_channel::<WireEvent>();
    tokio::spawn(async move {
        let caller = Caller::new();
        while let Some(sent) = events.recv().await {
            let body = match options.webhook_body {
                WebhookBody::Message => message(&sent),
                WebhookBody::List => Value::Array(vec![message(&sent)]),
                WebhookBody::Poll => poll_body(&[sent], &options),
            };
            // A failed call is not repeated: the client polls.
            let _ = caller.post_json(&url, &[], &body).await;
        }
    });
    sender
}
