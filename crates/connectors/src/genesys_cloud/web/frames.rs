//! Frames of the socket, as far as they concern a chat.

use connector::{ConnectorEvent, EventKind, Failure, Typing};
use machine::Millis;
use serde_json::{Value, json};

use super::super::{message, snapshot::named};

/// Longest wait that is taken from the server, in seconds.
const RETRY_SECONDS_MAX: i64 = 3_600;

/// One frame of the server.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) class: String,
    pub(super) code: i64,
    pub(super) body: Value,
    pub(super) tracing: String,
}

impl Frame {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut frame: Value = wire::json::read(text.as_bytes()).ok()?;
        Some(Self {
            class: frame["class"].as_str()?.to_owned(),
            code: frame["code"].as_i64().unwrap_or(200),
            tracing: frame["tracingId"].as_str().unwrap_or_default().to_owned(),
            body: frame.get_mut("body").map(Value::take).unwrap_or_default(),
        })
    }

    /// The failure that a frame reports; `None` for success.
    pub(super) fn failure(&self) -> Option<Failure> {
        if self.class == "TooManyRequestsErrorMessage" || matches!(self.code, 429 | 4029) {
            let after = self.body["retryAfter"].as_i64();
            let after = after.map(|seconds| seconds.clamp(0, RETRY_SECONDS_MAX) * 1_000);
            return Some(Failure::Later { after, detail: "too many messages".to_owned() });
        }
        if (200..300).contains(&self.code) {
            return None;
        }
        let text = self.body.as_str().unwrap_or(&self.class);
        let detail = format!("code {}: {text}", self.code);
        Some(match self.code {
            4006 | 4007 => Failure::Gone { detail },
            401 | 403 | 4017 => Failure::Denied { detail },
            408 | 500..=599 | 5000 => Failure::Unknown { detail },
            _ => Failure::Refused { detail },
        })
    }

    /// Whether the frame ends the session.
    fn ends(&self) -> bool {
        matches!(self.class.as_str(), "SessionExpiredEvent" | "SessionClearedEvent" | "LogoutEvent")
    }

    /// What the frame means for the chat.
    pub(super) fn meaning(&self) -> Meaning {
        if self.ends() {
            return Meaning::Event(ended());
        }
        if self.class == "StructuredMessage" { of_message(&self.body) } else { Meaning::Nothing }
    }
}

/// What a frame means for the chat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Nothing,
    Event(ConnectorEvent),
    /// The human agent types, for so many milliseconds.
    Types(Millis),
}

pub(super) fn ended() -> ConnectorEvent {
    ConnectorEvent::new("ended", EventKind::Ended)
}

/// The class `StructuredMessage`, on the socket and in the history.
pub(super) fn of_message(body: &Value) -> Meaning {
    if body["direction"] == "Inbound" {
        return Meaning::Nothing;
    }
    if body["type"] == "Event" {
        let mut events = body["events"].as_array().into_iter().flatten();
        if events.any(|event| event["presence"]["type"] == "Disconnect") {
            return Meaning::Event(ended());
        }
        return message::types_ms(body).map_or(Meaning::Nothing, Meaning::Types);
    }
    let Some((id, text)) = body["id"].as_str().zip(message::text(body)) else {
        return Meaning::Nothing;
    };
    let from = &body["channel"]["from"];
    let name = ["nickname", "firstName"].iter().find_map(|name| from[name].as_str());
    let kind = if body["originatingEntity"] == "Human" {
        EventKind::Said { agent: named(name.unwrap_or_default()), text }
    } else {
        EventKind::Notice(text)
    };
    Meaning::Event(ConnectorEvent::new(format!("said/{id}"), kind))
}

/// Our id of a message of the visitor.
pub(super) fn own_id(body: &Value) -> Option<&str> {
    body["metadata"]["batonId"].as_str()
}

pub(super) fn text(id: &str, text: &str, attributes: &Value) -> Value {
    let mut message = json!({ "type": "Text", "text": text, "metadata": { "batonId": id } });
    if attributes.is_object() {
        message["channel"] = json!({ "metadata": { "customAttributes": attributes } });
    }
    message
}

pub(super) fn typing() -> Value {
    let typing = json!([{ "eventType": "Typing", "typing": { "type": "On" } }]);
    json!({ "type": "Event", "events": typing })
}

pub(super) fn clear() -> Value {
    let clear = json!([{ "eventType": "Presence", "presence": { "type": "Clear" } }]);
    json!({ "type": "Event", "events": clear })
}

/// The event that the human agent types, or has stopped.
pub(super) fn types(on: bool) -> ConnectorEvent {
    ConnectorEvent::plain(EventKind::Types(if on { Typing::On } else { Typing::Off }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_the_socket_is_fatal() {
        let typing = json!([{ "eventType": "Typing", "typing": { "type": "On", "duration": 1 } }]);
        let body = json!({
            "id": "m1", "type": "Event", "direction": "Outbound", "originatingEntity": "Human",
            "channel": { "from": { "nickname": "Grace" } }, "events": typing, "retryAfter": 1,
        });
        let good = json!({
            "type": "message", "class": "StructuredMessage", "code": 200, "tracingId": "t",
            "body": body,
        });
        for text in kit::hostile::mutants(&good) {
            if let Some(frame) = Frame::read(&String::from_utf8_lossy(&text)) {
                frame.failure();
                frame.meaning();
            }
        }
    }

    #[test]
    fn codes_say_whether_to_try_again() {
        let failure = |code: i64| {
            let text = json!({ "type": "response", "class": "string", "code": code, "body": "x" });
            Frame::read(&text.to_string()).unwrap().failure()
        };
        assert_eq!(failure(200), None);
        assert!(matches!(failure(4006), Some(Failure::Gone { .. })));
        assert!(matches!(failure(4007), Some(Failure::Gone { .. })));
        assert!(matches!(failure(4011), Some(Failure::Refused { .. })));
        assert!(matches!(failure(4013), Some(Failure::Refused { .. })));
        assert!(matches!(failure(403), Some(Failure::Denied { .. })));
        assert!(matches!(failure(5000), Some(Failure::Unknown { .. })));
        assert!(matches!(failure(4029), Some(Failure::Later { .. })));
    }

    #[test]
    fn only_what_the_other_side_says_is_news() {
        let message = |change: Value| {
            let mut body = json!({
                "id": "m1", "type": "Text", "text": "hi", "direction": "Outbound",
                "originatingEntity": "Human", "channel": { "from": { "nickname": "Grace" } },
            });
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            of_message(&body)
        };
        let Meaning::Event(ConnectorEvent { id, kind: EventKind::Said { agent, text } }) =
            message(json!({}))
        else {
            panic!("an agent's words are news");
        };
        assert_eq!((id.as_deref(), &agent.name[..], &text[..]), (Some("said/m1"), "Grace", "hi"));
        assert_eq!(message(json!({ "direction": "Inbound" })), Meaning::Nothing);
        let bot = message(json!({ "originatingEntity": "Bot" }));
        assert!(matches!(bot, Meaning::Event(ConnectorEvent { kind: EventKind::Notice(_), .. })));
        let left = json!([{ "eventType": "Presence", "presence": { "type": "Disconnect" } }]);
        assert_eq!(message(json!({ "type": "Event", "events": left })), Meaning::Event(ended()));
        let types =
            json!([{ "eventType": "Typing", "typing": { "type": "On", "duration": 3000 } }]);
        assert_eq!(message(json!({ "type": "Event", "events": types })), Meaning::Types(3_000));
    }
}
