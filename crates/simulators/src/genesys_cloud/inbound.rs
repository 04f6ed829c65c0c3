//! Open Messaging inward, below `/api/v2/conversations/messages/{integrationId}/inbound/open/`.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State as Of},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    GenesysCloud,
    body::{check_strings, parse},
    deliver_in_order,
    errors::Refusal,
    state::{Author, Door, Message, State, outbox::outbox},
};

type Answer = Result<Json<Value>, Refusal>;

const CONTENT_TYPES: &[&str] =
    &["Attachment", "Location", "QuickReply", "ButtonResponse", "GenericTemplate", "Reactions"];
const MEDIA_TYPES: &[&str] = &["Image", "Video", "Audio", "File", "Link"];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Wish {
    /// Whether the answer is to name the conversation.
    prefetch_conversation_id: bool,
}

pub(super) async fn message(
    Of(tool): Of<GenesysCloud>,
    Path(integration): Path<String>,
    Query(wish): Query<Wish>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let content = check_content(&body["content"])?;
    let text = body["text"].as_str().unwrap_or_default().to_owned();
    if text.is_empty() && content.is_empty() {
        return Err(Refusal::bad_request("a message needs a text or content"));
    }
    let mut answer = said(&tool, &integration, &body, text, content)?;
    if !wish.prefetch_conversation_id
        && let Some(answer) = answer.as_object_mut()
    {
        answer.remove("conversationId");
    }
    Ok(Json(answer))
}

/// A visitor pressed a button of a structured message: the button's text is the visitor's message.
pub(super) async fn structured_response(
    Of(tool): Of<GenesysCloud>,
    Path(integration): Path<String>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let Some(text) = body["buttonResponse"]["text"].as_str() else {
        return Err(Refusal::bad_request("buttonResponse.text is missing"));
    };
    let part = json!({ "contentType": "ButtonResponse", "buttonResponse": body["buttonResponse"] });
    said(&tool, &integration, &body, text.to_owned(), vec![part]).map(Json)
}

fn said(
    tool: &GenesysCloud,
    integration: &str,
    body: &Value,
    text: String,
    content: Vec<Value>,
) -> Result<Value, Refusal> {
    let mut state = tool.state();
    let from = check_channel(&state, integration, body)?;
    if text.chars().count() > state.options.text_chars_max {
        return Err(Refusal::bad_request("text is too long"));
    }
    let metadata = check_strings(&body["metadata"], "metadata")?;
    let attributes = &body["channel"]["metadata"]["customAttributes"];
    let attributes = check_strings(attributes, "channel.metadata.customAttributes")?;
    let door = Door::Open { integration: integration.to_owned() };
    let id = from["id"].as_str().unwrap_or_default();
    let at = if let Some(at) = state.open_of(&door, id) {
        at
    } else {
        let (outbox, queue) = outbox();
        deliver_in_order(tool, queue);
        state.begin(door, from.clone(), outbox)
    };
    let message = Message {
        id: state.ids.uuid(),
        author: Author::Customer,
        text,
        content,
        at: state.now(),
        provider_id: body["channel"]["messageId"].as_str().map(str::to_owned),
        metadata: json!(metadata),
        status: "received",
    };
    let conversation = &mut state.conversations[at];
    for (name, value) in attributes {
        conversation.attributes.insert(name, value.as_str().unwrap_or_default().to_owned());
    }
    conversation.customer = from.clone();
    conversation.visitor_types = false;
    let answer = json!({
        "id": message.id,
        "channel": channel(integration, body, &from),
        "type": "Text",
        "text": message.text,
        "content": message.content,
        "metadata": message.metadata,
        "conversationId": conversation.id,
    });
    conversation.messages.push(message);
    let conversation = &state.conversations[at];
    if let Some(message) = conversation.messages.last() {
        state.deliver_receipt(conversation, message);
    }
    state.tell_changed(at);
    Ok(answer)
}

pub(super) async fn event(
    Of(tool): Of<GenesysCloud>,
    Path(integration): Path<String>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let mut state = tool.state();
    let from = check_channel(&state, &integration, &body)?;
    let events = body["events"].as_array().cloned().unwrap_or_default();
    if events.is_empty() || events.iter().any(|event| event["eventType"] != "Typing") {
        return Err(Refusal::bad_request("events must be of the type Typing"));
    }
    let door = Door::Open { integration: integration.clone() };
    let id = from["id"].as_str().unwrap_or_default();
    // A visitor without a conversation may type; the event has no effect.
    if let Some(at) = state.open_of(&door, id) {
        state.conversations[at].visitor_types = true;
    }
    let id = state.ids.uuid();
    let channel = channel(&integration, &body, &from);
    Ok(Json(json!({ "id": id, "channel": channel, "type": "Event", "events": events })))
}

/// The delivery state of an outbound message.
pub(super) async fn receipt(
    Of(tool): Of<GenesysCloud>,
    Path(integration): Path<String>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let mut state = tool.state();
    known_integration(&state, &integration)?;
    let to = &body["channel"]["to"];
    if to["id"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::bad_request("channel.to.id is missing"));
    }
    check_time(&body["channel"]["time"])?;
    let status = match body["status"].as_str() {
        Some("Delivered") => "delivery-success",
        Some("Failed") => "delivery-failed",
        Some("Sent") => "sent",
        Some("Published") => "published",
        Some("Removed") => "removed",
        _ => return Err(Refusal::bad_request("status is none of the known ones")),
    };
    let id = body["id"].as_str().unwrap_or_default();
    let ids = state.options.webhook_ids;
    let messages = state.conversations.iter_mut().flat_map(|each| &mut each.messages);
    let mut ours = messages.filter(|message| matches!(message.author, Author::Agent(_)));
    let Some(message) = ours.find(|message| ids.of(&message.id) == id) else {
        return Err(Refusal::not_found("the message of the receipt"));
    };
    message.status = status;
    let from = json!({ "id": integration, "idType": "Opaque" });
    let mut channel = channel(&integration, &body, &from);
    channel["to"] = to.clone();
    Ok(Json(json!({
        "id": id,
        "channel": channel,
        "type": "Receipt",
        "status": body["status"],
        "reasons": body["reasons"].as_array().cloned().unwrap_or_default(),
        "isFinalReceipt": body["isFinalReceipt"].as_bool().unwrap_or(true),
        "direction": "Inbound",
    })))
}

fn known_integration(state: &State, id: &str) -> Result<(), Refusal> {
    let known = state.integrations.iter().any(|integration| integration.id == id);
    if known { Ok(()) } else { Err(Refusal::not_found("the integration")) }
}

/// Checks integration, sender and time of a visitor's event; returns the sender.
fn check_channel(state: &State, integration: &str, body: &Value) -> Result<Value, Refusal> {
    known_integration(state, integration)?;
    let channel = &body["channel"];
    let from = &channel["from"];
    if from["id"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::bad_request("channel.from.id is missing"));
    }
    if !matches!(from["idType"].as_str(), Some("Email" | "Phone" | "Opaque")) {
        return Err(Refusal::bad_request("channel.from.idType must be Email, Phone or Opaque"));
    }
    check_time(&channel["time"])?;
    Ok(from.clone())
}

fn check_time(time: &Value) -> Result<(), Refusal> {
    let time = time.as_str().and_then(|time| time.parse::<Timestamp>().ok());
    time.map(|_| ()).ok_or_else(|| Refusal::bad_request("channel.time must be a date-time"))
}

fn check_content(content: &Value) -> Result<Vec<Value>, Refusal> {
    let content = content.as_array().cloned().unwrap_or_default();
    for part in &content {
        if !part["contentType"].as_str().is_some_and(|kind| CONTENT_TYPES.contains(&kind)) {
            return Err(Refusal::bad_request("content.contentType is none of the known ones"));
        }
        let attachment = &part["attachment"];
        let media = attachment["mediaType"].as_str();
        let known = media.is_some_and(|kind| MEDIA_TYPES.contains(&kind));
        let complete = attachment["url"].is_string() && attachment["mime"].is_string();
        if part["contentType"] == "Attachment" && !(known && complete) {
            return Err(Refusal::bad_request("an attachment needs mediaType, url and mime"));
        }
    }
    Ok(content)
}

fn channel(integration: &str, body: &Value, from: &Value) -> Value {
    let mut channel = json!({
        "id": integration,
        "platform": "Open",
        "type": "Private",
        "to": { "id": integration },
        "from": from,
        "time": body["channel"]["time"],
    });
    if let Some(id) = body["channel"]["messageId"].as_str() {
        channel["messageId"] = json!(id);
    }
    channel
}
