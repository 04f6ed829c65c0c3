//! What is done beside chats and calls: receipts for what agents said, and the end of their
//! typing, of which the vendor tells only how long it lasts.

use std::{collections::HashMap, time::Duration};

use edge::time;
use futures::{StreamExt as _, stream::FuturesUnordered};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};

use super::Shared;
use crate::tool::{Host, News, Place, Typing, What, api::Ask};

/// Receipts under way at once.
const RECEIPTS_MAX: usize = 4;
/// Between two looks at who types; whatever else happens must not put them off.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) enum Errand {
    /// What an agent said has reached the bridge.
    Receipt { customer: String, message: String },
    /// The agent of a chat has stopped typing then, unless told otherwise.
    StopTyping { place: Place, after_ms: i64 },
}

/// Runs until the bridge stops.
pub(super) async fn run(shared: &Shared, host: &Host, errands: &mut mpsc::Receiver<Errand>) {
    let mut typing: HashMap<String, (Place, Instant)> = HashMap::new();
    let mut receipts = FuturesUnordered::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            errand = errands.recv(), if receipts.len() < RECEIPTS_MAX => match errand {
                Some(Errand::Receipt { customer, message }) => {
                    receipts.push(send_receipt(shared, customer, message));
                }
                Some(Errand::StopTyping { place, after_ms }) => {
                    let until = Instant::now() + Duration::from_millis(after_ms.unsigned_abs());
                    typing.insert(place.chat.clone(), (place, until));
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

async fn stop_typing(host: &Host, typing: &mut HashMap<String, (Place, Instant)>) {
    let now = Instant::now();
    let over = typing.extract_if(|_, (_, until)| *until <= now);
    let over: Vec<Place> = over.map(|(_, (place, _))| place).collect();
    for place in over {
        // Typing is passed on and not stored: it cannot fail.
        let _ = host.tell(&place, News::plain(What::Types(Typing::Off)), None).await;
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
    let ask = Ask::post(shared.inbound("receipt")).json(&body);
    if let Err(failure) = shared.client.json(ask).await {
        tracing::debug!(message, detail = failure.detail(), "a receipt was not taken");
    }
}
