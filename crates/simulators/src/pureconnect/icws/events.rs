//! Events as `web-chat` writes them, in the reply to a poll and to the webhook.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{
    chat::{EventBody, State, WireEvent},
    options::Options,
};

/// Compact ISO 8601 in UTC.
pub(super) const TIME: &str = "%Y%m%dT%H%M%SZ";

/// The reply to a poll.
pub(super) fn poll_body(sent: &[WireEvent], options: &Options) -> Value {
    json!({
        "pollWaitSuggestion": options.poll_wait_ms.to_string(),
        "messages": sent.iter().map(message).collect::<Vec<_>>(),
    })
}

/// An event as `web-chat` writes it.
pub(super) fn message(sent: &WireEvent) -> Value {
    let (kind, extra) = match &sent.body {
        EventBody::State(state) => (
            "chatParticipantStateChangedMessage",
            json!({
                "state": number(*state),
                "displayName": sent.name,
                "participantType": sent.kind,
            }),
        ),
        EventBody::Typing(on) => ("chatTypingIndicatorMessage", json!({ "value": on })),
        EventBody::Text { value, content_type } => {
            ("chatTextMessage", json!({ "contentType": content_type, "value": value }))
        }
        EventBody::Url(url) => {
            ("chatTextMessage", json!({ "contentType": "text/plain", "value": url }))
        }
        EventBody::File { guid, name, content } => (
            "chatFileMessage",
            json!({ "fileGuid": guid, "fileName": name, "fileSize": content.len() }),
        ),
    };
    let at = Timestamp::from_millisecond(sent.at).unwrap_or_default();
    let mut message = json!({
        "__type": format!("urn:inin.com:webChat:{kind}"),
        "participantId": sent.participant,
        "sequenceNumber": sent.sequence,
        "timestamp": at.strftime(TIME).to_string(),
    });
    if let (Value::Object(message), Value::Object(extra)) = (&mut message, extra) {
        message.extend(extra);
    }
    message
}

/// 0 is `Initializing`, a state that is not used here.
fn number(state: State) -> u8 {
    match state {
        State::Alerting => 1,
        State::Active => 2,
        State::Held => 3,
        State::Disconnected => 4,
    }
}
