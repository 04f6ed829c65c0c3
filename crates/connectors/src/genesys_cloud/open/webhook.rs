//! `POST /connectors/{name}/webhook`: messages and typing of human agents, signed by the vendor
//! (`X-Hub-Signature-256`: the Base64 of an HMAC-SHA256 of the body). A message is stored before
//! the answer. The vendor repeats a call that was not answered with success; a repeat changes
//! nothing.
//!
//! A message is known by its id in the conversation. Until a poll has shown that the webhook uses
//! the same ids, and whenever it has left a message out, the conversation is polled first.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::response::Response;
use connector::{ConnectorEvent, EventKind, HandoverRef, Host, InboundRequest, Proof, Typing};
use edge::http::{ApiError, json as answer};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use wire::problem::ProblemId;

use super::{
    super::{
        message,
        snapshot::{Snapshot, named},
    },
    Shared,
    background::BackgroundJob,
    conversations::OpenConversation,
    poller::said,
};

/// The vendor waits ten seconds for our answer, so a poll must be faster.
const POLL_WITHIN: Duration = Duration::from_secs(4);

/// Whether the call may go on to [`receive`]; the signature itself needs the body.
pub(super) fn admit(call: &InboundRequest) -> Result<Proof, ApiError> {
    if call.path != "webhook" || call.method != Method::POST {
        let detail = "Genesys Cloud sends to `/connectors/{name}/webhook` with POST.";
        return Err(ApiError::new(ProblemId::NotFound, detail));
    }
    if call.may_have_hub_signature() { Ok(Proof::InBody) } else { Err(not_signed()) }
}

fn not_signed() -> ApiError {
    let detail = "The signature does not match this body and the connector's `webhook_secret`.";
    ApiError::new(ProblemId::Unauthorized, detail)
}

pub(super) async fn receive(
    shared: &Shared,
    secret: &SecretString,
    host: &Arc<dyn Host>,
    mut call: InboundRequest,
) -> Result<Response, ApiError> {
    if !call.has_hub_signature(secret) {
        return Err(not_signed());
    }
    let message: Value = call.take_json()?;
    // Other types are receipts of the visitor's messages. They report nothing that the replies to
    // these messages have not.
    if !matches!(message["type"].as_str(), Some("Text" | "Structured" | "Event"))
        || message["direction"] == "Inbound"
    {
        return Ok(done());
    }
    let customer = message["channel"]["to"]["id"].as_str().unwrap_or_default();
    let handover = find(host, customer)?;
    if message["type"] == "Event" {
        take_typing(shared, host, &handover, &message).await?;
    } else {
        take_message(shared, host, &handover, customer, &message).await?;
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
            // The vendor repeats the call in five seconds.
            return ApiError::new(ProblemId::Unavailable, "The chat is still being opened.");
        }
        ApiError::new(ProblemId::NotFound, "No open chat belongs to this customer.")
    })
}

async fn take_typing(
    shared: &Shared,
    host: &Arc<dyn Host>,
    handover: &HandoverRef,
    message: &Value,
) -> Result<(), ApiError> {
    let Some(ms) = message::types_ms(message) else { return Ok(()) };
    let typing = if ms > 0 { Typing::On } else { Typing::Off };
    let event = ConnectorEvent::plain(EventKind::Types(typing));
    host.tell(handover, event, None).await.map_err(ApiError::from)?;
    if ms > 0 {
        shared.run_in_background(BackgroundJob::StopTyping {
            handover: handover.clone(),
            after_ms: ms,
        });
    }
    Ok(())
}

async fn take_message(
    shared: &Shared,
    host: &Arc<dyn Host>,
    handover: &HandoverRef,
    customer: &str,
    message: &Value,
) -> Result<(), ApiError> {
    let id = message["id"].as_str().unwrap_or_default();
    let Some(text) = message::text(message).filter(|_| !id.is_empty()) else { return Ok(()) };
    let Some(conversation) = shared.conversations.of_customer(customer) else {
        return Err(try_again());
    };
    if is_known_by_this_id(&conversation, id).await? {
        let nickname = message["channel"]["from"]["nickname"].as_str().unwrap_or_default();
        let agent = is_from_agent(shared, &conversation, id).await.then(|| named(nickname));
        let told = host.tell(handover, said(id, agent, text), None).await;
        told.map_err(ApiError::from)?;
        conversation.note_webhook_message(id);
    }
    let (customer, message) = (customer.to_owned(), id.to_owned());
    shared.run_in_background(BackgroundJob::Receipt { customer, message });
    Ok(())
}

/// Whether a message is to be passed on as the webhook brings it. If not, the conversation has it
/// under another id or will have it in a moment, and a poll passes it on.
async fn is_known_by_this_id(conversation: &OpenConversation, id: &str) -> Result<bool, ApiError> {
    if conversation.trusts_webhook.load(Ordering::Relaxed) {
        return Ok(true);
    }
    if !conversation.poll_within(POLL_WITHIN).await {
        // Where polls are not allowed, they cannot pass on the message.
        let unreadable = conversation.unreadable.load(Ordering::Relaxed);
        return if unreadable { Ok(true) } else { Err(try_again()) };
    }
    let matches = conversation.has_message(id);
    conversation.set_webhook_matches(matches);
    Ok(matches)
}

/// The vendor repeats the call in five seconds.
fn try_again() -> ApiError {
    ApiError::new(ProblemId::Unavailable, "The conversation could not be read just now.")
}

/// Whether a human agent wrote a message. Flows and queues write too, under the name of the
/// integration, so while no agent was seen in the conversation it is read.
async fn is_from_agent(shared: &Shared, conversation: &OpenConversation, message: &str) -> bool {
    if conversation.has_agent.load(Ordering::Relaxed) {
        return true;
    }
    match shared.client.conversation(&conversation.id).await {
        Ok(read) => {
            let snapshot = Snapshot::new(&read);
            conversation.poll.notify_one();
            snapshot.agent().is_some() || snapshot.author(message).is_some()
        }
        Err(_) => true,
    }
}
