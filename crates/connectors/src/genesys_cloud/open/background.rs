//! What is done beside chats and calls: receipts for what agents said, and the end of their
//! typing, of which the vendor tells only how long it lasts.

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

/// Receipts under way at once.
const RECEIPTS_MAX: usize = 4;
/// Between two looks at who types; whatever else happens must not put them off.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) enum BackgroundJob {
    /// What an agent said has reached the bridge.
    Receipt { customer: String, message: String },
    /// The agent of a chat has stopped typing then, unless told otherwise.
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
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
            _ = look.tick(), if !typing.is_empty() => {
                stop_typing(host, &mut typing).await;
            }
        }
    }
}

async fn stop_typing(host: &Arc<dyn Host>, typing: &mut HashMap<String, (HandoverRef, Instant)>) {
    let now = Instant::now();
    let over = typing.extract_if(|_, (_, until)| *until <= now);
    let over: Vec<HandoverRef> = over.map(|(_, (handover, _))| handover).collect();
    for handover in over {
        // Typing is passed on and not stored: it cannot fail.
        let _ =
            host.tell(&handover, ConnectorEvent::plain(EventKind::Types(Typing::Off)), None).await;
    }
}

/// Agents see that a message was delivered. It was, whether they see it or not.
async fn send_receipt(shared: &Shared, customer: String, message: String) {
    let body = json!({
        "id": message,
        "channel": {
            "to": { "id": customer, "idType": "Opaque" },
            "time": time::rfc3339(shared.clock.now()),
        },
        "status": "Delivered",
        "isFinalReceipt": true,
    });
    let request = Request::post(shared.inbound("receipt")).json(&body);
    if let Err(failure) = shared.client.json(request).await {
        tracing::debug!(message, detail = failure.detail(), "a receipt was not taken");
    }
}
