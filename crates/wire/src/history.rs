//! `messageHistory` of step one (contract r3, section 7): five kinds of items. The payload decides
//! the kind, and never `direction`, about which the sources of the contract disagree.

use serde_json::{Value, json};

use crate::{MessageFormat, answer};

/// Path of our endpoint to read it. The contract names a key for reading but no request (13.18).
pub const PATH: &str = "/webhooks/handover/history";

/// Field of an item of `missedMessages` that the visitor said: the id of the call that brought it,
/// or should have brought it. Our extension.
pub const CALL_ID: &str = "callId";

/// Who said it. We write it in addition to the ambiguous `direction` (contract 13.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    Customer,
    Bot,
    Agent,
}

impl Sender {
    fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Bot => "bot",
            Self::Agent => "agent",
        }
    }
}

/// What was said. `params` are the query parameters that were sent with it: a JSON object without
/// credentials.
#[derive(Clone, Copy)]
pub enum Said<'a> {
    /// Visitor to bot (kind 1).
    Text { text: &'a str, params: &'a Value },
    /// A Dialogflow event sent to the bot (kind 2); `data` is a JSON object.
    Event { name: &'a str, data: &'a Value, params: &'a Value },
    /// The bot's whole response, unchanged (kind 3).
    Bot { response: &'a Value },
    /// Human agent to visitor (kind 4).
    Agent { text: &'a str, format: MessageFormat },
    /// Visitor to human agent (kind 5).
    TextToAgent { text: &'a str },
}

/// Where it was said.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Id of the Dialogflow session.
    pub id: &'a str,
    pub language: &'a str,
    pub platform: BotPlatform,
}

/// Edition of Dialogflow, as the contract spells it (13.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BotPlatform {
    Es,
    Cx,
}

impl BotPlatform {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es => "dialogflowES",
            Self::Cx => "dialogFlowCX",
        }
    }
}

/// One item; `created_at` is RFC 3339. Query, language and session are directly in the payload
/// (contract 13.7).
#[must_use]
pub fn item(id: &str, created_at: &str, session: Session<'_>, said: Said<'_>) -> Value {
    let Session { id: session_id, language, platform } = session;
    let (direction, sender, payload) = match said {
        Said::Text { text, params } => (
            "in",
            Sender::Customer,
            json!({ "queryParameters": params, "query": text, "lang": language,
                    "sessionId": session_id }),
        ),
        Said::Event { name, data, params } => (
            "in",
            Sender::Customer,
            json!({ "queryParameters": params, "event": { "name": name, "data": data },
                    "lang": language, "sessionId": session_id }),
        ),
        Said::Bot { response } => ("out", Sender::Bot, response.clone()),
        Said::Agent { text, format: MessageFormat::Markdown } => {
            ("out", Sender::Agent, json!({ "text": text }))
        }
        // Our extension: the text is as typed.
        Said::Agent { text, format } => {
            ("out", Sender::Agent, json!({ "text": text, "format": format }))
        }
        // As the contract prints it, although its comment says otherwise (13.6).
        Said::TextToAgent { text } => (
            "out",
            Sender::Customer,
            json!({ "queryParameters": { "contexts": [], "payload": {}, "webhookHeaders": {} },
                    "query": text, "lang": language, "sessionId": session_id }),
        ),
    };
    json!({
        "_id": id, "botPlatform": platform.as_str(), "direction": direction,
        "sender": sender.as_str(), "payload": payload, "createdAt": created_at
    })
}

/// An item as a line of the transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sender: Sender,
    pub text: String,
    pub format: MessageFormat,
    pub created_at: Option<String>,
}

/// Paths of the name of a visitor's event: as printed, one level deeper (contract 13.7), and as in
/// a CX request.
const EVENT_NAMES: [&str; 4] = [
    "/event/name",
    "/queryParameters/event/name",
    "/queryInput/event/name",
    "/queryInput/event/event",
];
/// Paths of a visitor's text, likewise.
const QUERIES: [&str; 4] =
    ["/query", "/queryParameters/query", "/queryInput/text/text", "/queryParameters/text/text"];

/// Fields of a bot's response; some clients write underscores.
const BOT_FIELDS: [&str; 4] = ["queryResult", "responseId", "query_result", "response_id"];

/// The line of an item; `None` when it has no text to show. An event has no text and is shown as
/// its name in brackets.
#[must_use]
pub fn line(item: &Value) -> Option<Line> {
    let payload = item.get("payload")?;
    let created_at = item.get("createdAt").and_then(Value::as_str).map(str::to_owned);
    let first = |paths: &[&str]| {
        let found = paths.iter().find_map(|path| payload.pointer(path)?.as_str());
        found.filter(|text| !text.trim().is_empty())
    };
    let mut format = MessageFormat::Plain;
    let (sender, text) = if let Some(name) = first(&EVENT_NAMES) {
        (Sender::Customer, format!("[{}]", name.trim()))
    } else if let Some(text) = payload.get("text").and_then(Value::as_str) {
        format = payload.as_object().map(MessageFormat::beside).unwrap_or_default();
        (Sender::Agent, text.to_owned())
    } else if BOT_FIELDS.iter().any(|field| payload.get(field).is_some()) {
        format = MessageFormat::Markdown;
        (Sender::Bot, answer::words(payload))
    } else {
        (Sender::Customer, first(&QUERIES)?.to_owned())
    };
    (!text.trim().is_empty()).then_some(Line { sender, text, format, created_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: Session<'static> =
        Session { id: "s1", language: "en", platform: BotPlatform::Es };

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let none = &json!({});
        let response = &json!({ "responseId": "r", "queryResult": { "fulfillmentText": "Hi" } });
        let said = [
            (Said::Text { text: "hello", params: none }, Some((Sender::Customer, "hello"))),
            (
                Said::Event { name: "welcome", data: none, params: none },
                Some((Sender::Customer, "[welcome]")),
            ),
            (Said::Bot { response }, Some((Sender::Bot, "Hi"))),
            (
                Said::Agent { text: "Jane here", format: MessageFormat::Markdown },
                Some((Sender::Agent, "Jane here")),
            ),
            (Said::TextToAgent { text: "help" }, Some((Sender::Customer, "help"))),
        ];
        for (said, expected) in said {
            let read = line(&item("h1", "2026-01-01T10:00:00.000Z", SESSION, said));
            let read = read.as_ref().map(|line| (line.sender, line.text.as_str()));
            assert_eq!(read, expected);
        }
    }

    /// All five kinds with the exact names, nesting and directions of the contract's instances.
    #[test]
    fn the_five_kinds_are_written_as_printed() {
        let printed: Vec<Value> =
            serde_json::from_str(include_str!("../examples/r3.message_history.json")).unwrap();
        let none = &json!({});
        let response = &printed[2]["payload"].clone();
        let said = [
            Said::Text { text: "hello", params: none },
            Said::Event { name: "welcome", data: none, params: none },
            Said::Bot { response },
            Said::Agent { text: "Hi, how may I assist?", format: MessageFormat::Markdown },
            Said::TextToAgent { text: "help me please" },
        ];
        for (said, mut expected) in said.into_iter().zip(printed) {
            let (id, at) = (expected["_id"].clone(), expected["createdAt"].clone());
            let mut written = item(id.as_str().unwrap(), at.as_str().unwrap(), SESSION, said);
            for item in [&mut written, &mut expected] {
                item.as_object_mut().unwrap().remove("sender");
            }
            assert_eq!(written, expected);
        }
        let cx = Session { platform: BotPlatform::Cx, ..SESSION };
        let agent = Said::Agent { text: "", format: MessageFormat::Markdown };
        assert_eq!(item("h", "t", cx, agent)["botPlatform"], "dialogFlowCX");
    }

    #[test]
    fn the_five_printed_kinds_are_told_apart_without_direction() {
        let items: Vec<Value> =
            serde_json::from_str(include_str!("../examples/r3.message_history.json")).unwrap();
        let senders: Vec<_> = items.iter().map(|item| line(item).map(|l| l.sender)).collect();
        assert_eq!(
            senders,
            [
                Some(Sender::Customer),
                Some(Sender::Customer),
                Some(Sender::Bot),
                Some(Sender::Agent),
                Some(Sender::Customer)
            ]
        );
    }

    #[test]
    fn a_query_one_level_deeper_is_read_too() {
        let item = json!({ "payload": { "queryParameters": { "query": "deep" } } });
        assert_eq!(line(&item).unwrap().text, "deep");
        let item = json!({ "payload": { "queryParameters": { "event": { "name": "deep" } } } });
        assert_eq!(line(&item).unwrap().text, "[deep]");
    }

    /// Contract 13.10: nothing depends on how the platform is spelled, or on its being there.
    #[test]
    fn items_of_cx_are_read_whatever_their_platform_is_called() {
        let payloads = [
            (json!({ "queryInput": { "text": { "text": "hello" } } }), Sender::Customer, "hello"),
            (json!({ "queryInput": { "event": { "event": "go" } } }), Sender::Customer, "[go]"),
            (
                json!({ "responseId": "r", "queryResult": { "text": "hello", "responseMessages": [
                    { "text": { "text": ["Hi", ""] } }, { "payload": {} },
                    { "text": { "text": ["Yes?"] } } ] } }),
                Sender::Bot,
                "Hi\nYes?",
            ),
        ];
        for (payload, sender, text) in payloads {
            for platform in ["dialogFlowCX", "dialogflowcx", "DIALOGFLOWES", "something else"] {
                let item = json!({ "botPlatform": platform, "payload": payload });
                let line = line(&item).unwrap();
                assert_eq!((line.sender, line.text.as_str()), (sender, text), "{item}");
            }
            assert_eq!(line(&json!({ "payload": payload })).unwrap().text, text);
        }
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        for item in [
            json!(null),
            json!({}),
            json!({ "payload": null }),
            json!({ "payload": {} }),
            json!({ "payload": { "text": "  " } }),
            json!({ "payload": { "text": ["not", "a", "string"] } }),
            json!({ "payload": { "query": 7 } }),
            json!({ "payload": { "event": { "name": " " } } }),
            json!({ "payload": { "queryResult": {} } }),
        ] {
            assert_eq!(line(&item), None, "{item}");
        }
    }
}
