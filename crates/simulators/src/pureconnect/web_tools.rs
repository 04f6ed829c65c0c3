//! Interaction Web Tools: `websvcs`, in any case. Everything is answered with 200 in an envelope
//! whose status says what failed; HTTP failures mean the server or the way to it.

use axum::{
    http::{Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    Call, Server,
    centre::Refusal,
    chat::{Api, Chat, EventBody, SYSTEM, Start, State, WireEvent},
    options::Options,
};

/// Version of the server configuration; it never changes here.
const CFG_VER: u32 = 1;

/// Why a call fails.
enum Failure {
    Reason(&'static str),
    Http(StatusCode),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Target => Self::Reason("error.websvc.unknownEntity.badTarget"),
            Refusal::Participant | Refusal::Chat | Refusal::Ended => {
                Self::Reason("error.websvc.unknownEntity.session")
            }
            // The server's flood protection does not say why it refuses.
            Refusal::Flood => Self::Http(StatusCode::NOT_FOUND),
        }
    }
}

pub(super) fn answer(server: &Server, call: &Call) -> Response {
    let segments: Vec<&str> = call.path.split('/').collect();
    let lower: Vec<String> = segments.iter().map(|part| part.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    // Participants are compared as sent: their case is ours to choose and never changes.
    let participant = segments.last().copied().unwrap_or_default();
    let (root, done) = match (&call.method, lower.as_slice()) {
        (&Method::GET, ["serverconfiguration"]) => return reply(&configuration()),
        (&Method::GET, ["chat", "getfile", _, _, _]) => return file(server, &segments),
        (&Method::POST, ["problemreport"]) => return StatusCode::OK.into_response(),
        (&Method::POST, ["chat", "start"]) => ("chat", start(server, call)),
        (&Method::POST, ["chat", "reconnect"]) => ("chat", reconnect(server, call)),
        (&Method::GET, ["chat", "poll", _]) => ("chat", poll(server, participant)),
        (&Method::POST, ["chat", "sendmessage", _]) => {
            ("chat", send_message(server, participant, call))
        }
        (&Method::POST, ["chat", "settypingstate", _]) => {
            ("chat", set_typing_state(server, participant, call))
        }
        (&Method::POST, ["chat", "exit", _]) => ("chat", exit(server, participant)),
        (&Method::POST, ["partyinfo", _]) => ("partyInfo", party_info(server, participant, call)),
        (&Method::POST, ["queue", "query"]) => ("queue", queue_query(server, call)),
        (&Method::POST, ["register"]) => ("registration", unsupported()),
        (&Method::POST, ["callback", _]) => ("callback", unsupported()),
        _ => ("", Err(Failure::Http(StatusCode::NOT_FOUND))),
    };
    let mut body = match done {
        Ok(mut body) => {
            body["status"] = json!({ "type": "success" });
            body
        }
        Err(Failure::Reason(reason)) => {
            json!({ "status": { "type": "failure", "reason": reason } })
        }
        Err(Failure::Http(status)) => return status.into_response(),
    };
    body["cfgVer"] = json!(CFG_VER);
    reply(&json!({ root: body }))
}

/// Vendor clients refuse a reply that does not name this type and this charset.
fn reply(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

fn unsupported() -> Result<Value, Failure> {
    Err(Failure::Reason("error.websvc.unsupportedOperation"))
}

fn configuration() -> Value {
    let capabilities = json!({
        "common": ["problemReport", "partyInfo"],
        "chat": [
            "start", "reconnect", "poll", "sendMessage", "setTypingState", "exit", "transcript",
            "supportAuthenticationAnonymous",
        ],
        "queueQuery": ["supportAuthenticationAnonymous"],
    });
    json!([{ "serverConfiguration": {
        "cfgVer": CFG_VER,
        "capabilities": capabilities,
        "problemReportRegEx": "",
    } }])
}

fn start(server: &Server, call: &Call) -> Result<Value, Failure> {
    let body = object(call)?;
    if text(&body, "supportedContentTypes")? != "text/plain" {
        return Err(Failure::Reason("error.websvc.contentType.invalidContentType"));
    }
    let name = match body.get("participant") {
        Some(Value::Object(participant)) => optional(participant, "name")?,
        _ => return Err(missing()),
    };
    let name = name.filter(|name| !name.is_empty());
    let start = Start {
        api: Api::WebTools,
        name: name.unwrap_or_else(|| "Anonymous User".to_owned()),
        target: text(&body, "target")?,
        // Clients write it both ways.
        target_type: text(&body, "targettype").or_else(|_| text(&body, "targetType"))?,
        facts: facts(&body)?,
        history: Vec::new(),
    };
    let options = &server.centre.options;
    let done = server.centre.start(server.index, start, |chat| {
        chat.open();
        let mut body = chat_body(chat, options);
        body["participantID"] = json!(chat.participant);
        body["chatID"] = json!(chat.id);
        body["dateFormat"] = json!("yyyy-MM-dd");
        body["timeFormat"] = json!("HH:mm:ss");
        body
    });
    Ok(done?)
}

fn facts(body: &Map<String, Value>) -> Result<Vec<(String, String)>, Failure> {
    let mut facts = Vec::new();
    for (field, shown) in
        [("language", "language"), ("emailAddress", "emailAddress"), ("customInfo", "CUSTOM_INFO")]
    {
        if let Some(value) = optional(body, field)? {
            facts.push((shown.to_owned(), value));
        }
    }
    match body.get("attributes") {
        None | Some(Value::Null) => {}
        Some(Value::Object(attributes)) => {
            for name in attributes.keys() {
                facts.push((format!("WebTools_{name}"), text(attributes, name)?));
            }
        }
        Some(_) => return Err(invalid()),
    }
    match body.get("routingContexts") {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) => {
            for item in items {
                let item = item.as_object().ok_or_else(invalid)?;
                let category = text(item, "category")?;
                facts.push((format!("context {category}"), text(item, "context")?));
            }
        }
        Some(_) => return Err(invalid()),
    }
    Ok(facts)
}

fn reconnect(server: &Server, call: &Call) -> Result<Value, Failure> {
    let chat = text(&object(call)?, "chatID")?;
    let options = &server.centre.options;
    let done = server.centre.reconnect(server.index, &chat, |chat| {
        if chat.start.api != Api::WebTools {
            return Err(Refusal::Chat);
        }
        chat.renew();
        let mut body = chat_body(chat, options);
        body["participantID"] = json!(chat.participant);
        body["chatID"] = json!(chat.id);
        Ok(body)
    });
    Ok(done??)
}

fn poll(server: &Server, participant: &str) -> Result<Value, Failure> {
    let sent = server.centre.poll(server.index, participant)?;
    Ok(events_body(&sent, participant, &server.centre.options))
}

fn send_message(server: &Server, participant: &str, call: &Call) -> Result<Value, Failure> {
    let body = object(call)?;
    let message = text(&body, "message")?;
    let content_type = match text(&body, "contentType")?.as_str() {
        "text/plain" => "text/plain",
        "text/html" => "text/html",
        _ => return Err(Failure::Reason("error.websvc.contentType.invalidContentType")),
    };
    with(server, participant, |chat| chat.said(message, content_type))
}

fn set_typing_state(server: &Server, participant: &str, call: &Call) -> Result<Value, Failure> {
    let body = object(call)?;
    let on = body.get("typingIndicator").and_then(Value::as_bool).ok_or_else(missing)?;
    with(server, participant, |chat| chat.visitor_types = on)
}

fn exit(server: &Server, participant: &str) -> Result<Value, Failure> {
    with(server, participant, Chat::end)
}

fn party_info(server: &Server, participant: &str, call: &Call) -> Result<Value, Failure> {
    let wanted = text(&object(call)?, "participantID")?;
    let party = server.centre.with(server.index, participant, |chat| {
        if wanted == SYSTEM {
            return Some(json!({ "name": "IC", "photo": "" }));
        }
        chat.party(&wanted).map(|name| json!({ "name": name, "photo": "" }))
    })?;
    party.ok_or(Failure::Reason("error.websvc.unknownEntity.participant"))
}

fn queue_query(server: &Server, call: &Call) -> Result<Value, Failure> {
    let body = object(call)?;
    if !server.centre.knows(&text(&body, "queueName")?, &text(&body, "queueType")?) {
        return Err(Refusal::Target.into());
    }
    let options = &server.centre.options;
    Ok(json!({
        "agentsAvailable": options.agents_available,
        "estimatedWaitTime": options.estimated_wait_s,
    }))
}

fn file(server: &Server, segments: &[&str]) -> Response {
    let content = server
        .centre
        .with(server.index, segments[2], |chat| chat.file(segments[3]).map(str::to_owned));
    match content {
        Ok(Some(content)) => {
            ([(CONTENT_TYPE, "application/octet-stream")], content).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Does `work`; the reply carries the events that follow from it.
fn with(
    server: &Server,
    participant: &str,
    work: impl FnOnce(&mut Chat),
) -> Result<Value, Failure> {
    let options = &server.centre.options;
    let done = server.centre.with(server.index, participant, |chat| {
        work(chat);
        chat_body(chat, options)
    });
    Ok(done?)
}

fn chat_body(chat: &mut Chat, options: &Options) -> Value {
    let sent = chat.poll(options.time.now());
    events_body(&sent, &chat.participant, options)
}

/// The events for `participant`.
fn events_body(sent: &[WireEvent], participant: &str, options: &Options) -> Value {
    let events: Vec<Value> = sent.iter().map(|sent| event(sent, participant)).collect();
    json!({ "pollWaitSuggestion": options.poll_wait_ms, "events": events })
}

fn event(sent: &WireEvent, own: &str) -> Value {
    let mut event = json!({
        "participantID": sent.participant,
        "sequenceNumber": sent.sequence,
        "displayName": sent.name,
        "participantType": sent.kind,
    });
    match &sent.body {
        EventBody::State(state) => {
            event["type"] = json!("participantStateChanged");
            event["participantName"] = json!(sent.name);
            event["state"] = json!(word(*state));
        }
        EventBody::Typing(on) => {
            event["type"] = json!("typingIndicator");
            event["value"] = json!(on);
        }
        EventBody::Text { value, content_type } => {
            event["type"] = json!("text");
            event["value"] = json!(value);
            event["contentType"] = json!(content_type);
            event["conversationSequenceNumber"] = json!(sent.conversation);
        }
        EventBody::Url(url) => {
            event["type"] = json!("url");
            event["value"] = json!(url);
            event["conversationSequenceNumber"] = json!(sent.conversation);
        }
        EventBody::File { guid, name, .. } => {
            event["type"] = json!("file");
            let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
            event["value"] = json!(format!("/websvcs/chat/getfile/{own}/{guid}/-{name}"));
            event["conversationSequenceNumber"] = json!(sent.conversation);
        }
    }
    event
}

fn word(state: State) -> &'static str {
    match state {
        State::Alerting => "alerting",
        State::Active => "active",
        State::Held => "held",
        State::Disconnected => "disconnected",
    }
}

fn missing() -> Failure {
    Failure::Reason("error.websvc.content.invalid.missingData")
}

fn invalid() -> Failure {
    Failure::Reason("error.websvc.content.invalid")
}

fn object(call: &Call) -> Result<Map<String, Value>, Failure> {
    let content_type = call.content_type.to_ascii_lowercase();
    if !content_type.starts_with("application/json") {
        return Err(Failure::Reason("error.websvc.contentType.invalidContentType"));
    }
    if !content_type.contains("utf-8") {
        return Err(Failure::Reason("error.websvc.contentType.invalidCharset"));
    }
    serde_json::from_slice(call.body).map_err(|_| invalid())
}

fn text(body: &Map<String, Value>, name: &str) -> Result<String, Failure> {
    optional(body, name)?.ok_or_else(missing)
}

fn optional(body: &Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(invalid()),
    }
}
