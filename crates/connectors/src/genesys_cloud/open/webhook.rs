//! `POST /connectors/{name}/webhook`: what agents say and that they type, signed by the vendor
//! (`X-Hub-Signature-256`: the Base64 of an HMAC-SHA256 of the body). Stored before the answer;
//! the vendor repeats what was not answered with success, and a repeat changes nothing.
//!
//! What is said goes by its id in the conversation. Until a look has shown that the webhook tells
//! the same ids, and whenever it has left something out, the conversation is looked at first.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::response::Response;
use connector::{ConnectorEvent, EventKind, HandoverRef, Host, InboundRequest, Typing};
use edge::http::{ApiError, json as answer};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use wire::problem::ProblemId;

use super::{
    super::{
        conversation::{Seen, named},
        message,
        seats::Seat,
    },
    Shared,
    background::BackgroundJob,
    lookout::said,
};

/// The vendor waits ten seconds for an answer.
const LOOK_WITHIN: Duration = Duration::from_secs(4);

pub(super) async fn receive(
    shared: &Shared,
    secret: &SecretString,
    host: &Arc<dyn Host>,
    call: &InboundRequest,
) -> Result<Response, ApiError> {
    if call.path != "webhook" || call.method != Method::POST {
        let detail = "Genesys Cloud sends to `/connectors/{name}/webhook` with POST.";
        return Err(ApiError::new(ProblemId::NotFound, detail));
    }
    if !call.has_hub_signature(secret) {
        let detail = "The signature is not of this body and the connector's `webhook_secret`.";
        return Err(ApiError::new(ProblemId::Unauthorized, detail));
    }
    let message: Value = call.json()?;
    // Receipts tell what became of the visitor's words; the answer to them has told it before.
    if !matches!(message["type"].as_str(), Some("Text" | "Structured" | "Event"))
        || message["direction"] == "Inbound"
    {
        return Ok(done());
    }
    let customer = message["channel"]["to"]["id"].as_str().unwrap_or_default();
    let handover = find(host, customer)?;
    if message["type"] == "Event" {
        types(shared, host, &handover, &message).await?;
    } else {
        speaks(shared, host, &handover, customer, &message).await?;
    }
    Ok(done())
}

fn done() -> Response {
    answer(StatusCode::OK, &json!({}))
}

fn find(host: &Arc<dyn Host>, customer: &str) -> Result<HandoverRef, ApiError> {
    host.find(customer).ok_or_else(|| {
        let chat = customer.rsplit_once('.').map_or("", |(chat, _)| chat);
        if host.is_opening(chat) {
            // The vendor sends it again in five seconds.
            return ApiError::new(ProblemId::Unavailable, "The chat is still being opened.");
        }
        ApiError::new(ProblemId::NotFound, "No open chat is of this customer.")
    })
}

async fn types(
    shared: &Shared,
    host: &Arc<dyn Host>,
    handover: &HandoverRef,
    message: &Value,
) -> Result<(), ApiError> {
    let Some(ms) = message::types_ms(message) else { return Ok(()) };
    let typing = if ms > 0 { Typing::On } else { Typing::Off };
    let news = ConnectorEvent::plain(EventKind::Types(typing));
    host.tell(handover, news, None).await.map_err(ApiError::from)?;
    if ms > 0 {
        shared.run_in_background(BackgroundJob::StopTyping {
            handover: handover.clone(),
            after_ms: ms,
        });
    }
    Ok(())
}

async fn speaks(
    shared: &Shared,
    host: &Arc<dyn Host>,
    handover: &HandoverRef,
    customer: &str,
    message: &Value,
) -> Result<(), ApiError> {
    let id = message["id"].as_str().unwrap_or_default();
    let Some(text) = message::words(message).filter(|_| !id.is_empty()) else { return Ok(()) };
    let Some(seat) = shared.seats.of_customer(customer) else { return Err(not_now()) };
    if goes_by_this_id(&seat, id).await? {
        let nickname = message["channel"]["from"]["nickname"].as_str().unwrap_or_default();
        let agent = is_agents(shared, &seat, id).await.then(|| named(nickname));
        let told = host.tell(handover, said(id, agent, text), None).await;
        told.map_err(ApiError::from)?;
        seat.note_heard(id);
    }
    let (customer, message) = (customer.to_owned(), id.to_owned());
    shared.run_in_background(BackgroundJob::Receipt { customer, message });
    Ok(())
}

/// Whether a message is to be told as the webhook brings it. If not, it is in the conversation
/// under another id or will be there in a moment, and is told from there.
async fn goes_by_this_id(seat: &Seat, id: &str) -> Result<bool, ApiError> {
    if seat.trusts_webhook.load(Ordering::Relaxed) {
        return Ok(true);
    }
    if !seat.is_looked_at(LOOK_WITHIN).await {
        // Where nothing may be read, nothing is told from there.
        let closed = seat.unreadable.load(Ordering::Relaxed);
        return if closed { Ok(true) } else { Err(not_now()) };
    }
    let shows = seat.shows(id);
    seat.trusts_webhook.store(shows, Ordering::Relaxed);
    seat.unmatched.store(!shows, Ordering::Relaxed);
    Ok(shows)
}

/// The vendor sends it again in five seconds.
fn not_now() -> ApiError {
    ApiError::new(ProblemId::Unavailable, "The conversation could not be looked at just now.")
}

/// Whether a message is an agent's. Flows and queues write too, under the name of the
/// integration; while nobody was seen in a conversation, it is looked at.
async fn is_agents(shared: &Shared, seat: &Seat, message: &str) -> bool {
    if seat.attended.load(Ordering::Relaxed) {
        return true;
    }
    match shared.client.conversation(&seat.conversation).await {
        Ok(shown) => {
            let seen = Seen::new(&shown);
            seat.look.notify_one();
            seen.agent().is_some() || seen.author(message).is_some()
        }
        Err(_) => true,
    }
}
