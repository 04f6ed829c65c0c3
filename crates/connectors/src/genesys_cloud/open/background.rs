//! Jobs beside chats and requests: receipts for messages of human agents, and the end of their
//! typing, for which the vendor sends only a duration.

use std::{collections::HashMap, sync::Arc, time::Duration};

use connector::{ConnectorEvent, EventKind, HandoverRef, Host, Typing, client::Request};
use edge::time;
use futures::{StreamExt as _, stream::FuturesUnordered};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};

use super::Shared;

/// Most receipts that are sent at the same time.
const RECEIPTS_MAX: usize = 4;
/// How often ended typing is looked for. Other jobs must not delay it.
const TYPING_CHECK_EVERY: Duration = Duration::from_millis(250);

pub(super) enum BackgroundJob {
    /// Tells the vendor that a message of a human agent has reached the bridge.
    Receipt { customer: String, message: String },
    /// Ends the typing of a human agent after this time, unless the agent types on.
    StopTyping { handover: HandoverRef, after_ms: i64 },
}

/// Runs until the bridge stops.
pub(super) async fn run(
    shared: &Shared,
    host: &Arc<dyn Host>,
    jobs: &mut mpsc::Receiver<BackgroundJob>,
) {
    let mut typing: HashMap<String, (HandoverRef, Instant)> = HashMap::new();
    let mut receipts = FuturesUnordered::new();
    let mut check = tokio::time::interval(TYPING_CHECK_EVERY);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            job = jobs.recv(), if receipts.len() < RECEIPTS_MAX => match job {
                Some(BackgroundJob::Receipt { customer, message }) => {
                    receipts.push(send_receipt(shared, customer, message));
                }
                Some(BackgroundJob::StopTyping { handover, after_ms }) => {
                    let until = Instant::now() + Duration::from_millis(after_ms.unsigned_abs());
                    typing.insert(handover.chat.clone(), (handover, until));
                }
                None => return,
            },
            Some(()) = receipts.next() => {}
            _ = check.tick(), if !typing.is_empty() => {
                stop_typing(host, &mut typing).await;
            }
        }
    }
}

async fn stop_typing(host: &Arc<dyn Host>, typing: &mut HashMap<String, (HandoverRef, Instant)>) {
    let now = Instant::now();
    let ended = typing.extract_if(|_, (_, until)| *until <= now);
    let ended: Vec<HandoverRef> = ended.map(|(_, (handover, _))| handover).collect();
    for handover in ended {
        // Typing is an ephemeral event: nothing is stored, so nothing is lost when this fails.
        let _ =
            host.tell(&handover, ConnectorEvent::plain(EventKind::Types(Typing::Off)), None).await;
    }
}

/// Shows the human agent that a message was delivered. A failure changes nothing for the chat.
async fn send_receipt(shared: &Shared, customer: String, message: String) {
    let body = json!({
        "id": message,
        "channel": {
            "to": { "id": customer, "idType": "Opaque" },
            "time": time::rfc3339(shared.clock.wall()),
        },
        "status": "Delivered",
        "isFinalReceipt": true,
    });
    let request = Request::post(shared.inbound("receipt")).json(&body);
    if let Err(failure) = shared.client.json(request).await {
        let detail = failure.detail();
        tracing::debug!(message, detail, "Genesys Cloud did not accept a receipt");
    }
}
