//! ICWS `web-chat`: typed JSON objects, numbers for enumerations, 400 and 410 for what fails.

use axum::{
    Json,
    http::{Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value, json};

mod events;
mod webhook;

use super::{
    Call, Server,
    centre::Refusal,
    chat::{Api, Chat, Start},
    options::Options,
};
use crate::Line;
use events::{TIME, message, poll_body};

/// The start fields that version 1 accepts.
const FIRST_FIELDS: [&str; 5] =
    ["participantName", "transcriptEmailAddress", "targetName", "targetType", "language"];

/// Why a call fails: status, identifier and text.
struct Failure(StatusCode, &'static str, String);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let bad = |id, what: &str| Failure(StatusCode::BAD_REQUEST, id, what.to_owned());
        match refusal {
            Refusal::Target => bad("error.request.webChat.invalidTarget", "no such queue"),
            Refusal::Participant => {
                bad("error.request.webChat.invalidParticipantId", "no such participant")
            }
            Refusal::Chat => bad("error.request.webChat.invalidChatId", "no such chat"),
            Refusal::Ended => {
                Failure(StatusCode::GONE, "error.request.webChat.ended", "it is over".to_owned())
            }
            Refusal::Flood => Failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                "error.server.webChat.limit",
                "too many interactions".to_owned(),
            ),
        }
    }
}

pub(super) fn answer(server: &Server, call: &Call) -> Response {
    let segments: Vec<&str> = call.path.split('/').collect();
    let done = match (&call.method, segments.as_slice()) {
        (&Method::POST, ["start"]) => start(server, call),
        (&Method::POST, ["reconnect"]) => reconnect(server, call),
        (&Method::POST, ["send-message", participant]) => send_message(server, participant, call),
        (&Method::POST, ["typing-state", participant]) => typing_state(server, participant, call),
        (&Method::POST, ["exit", participant]) => {
            with(server, participant, Chat::end).map(|()| no_content())
        }
        (&Method::GET, ["messages", participant]) => messages(server, participant),
        (&Method::GET, ["message-history", participant]) if server.centre.options.web_chat >= 6 => {
            history(server, participant)
        }
        (&Method::GET, ["file", participant, guid, _name]) => file(server, participant, guid),
        _ => Err(Failure(StatusCode::NOT_FOUND, "error.request.notFound", call.path.to_owned())),
    };
    done.unwrap_or_else(|Failure(status, id, message)| {
        let error = json!({
            "__type": "urn:inin.com:common:error",
            "errorId": id,
            "message": message,
        });
        (status, Json(error)).into_response()
    })
}

fn start(server: &Server, call: &Call) -> Result<Response, Failure> {
    let options = &server.centre.options;
    let body = object(call)?;
    check_fields(&body, options)?;
    let start = Start {
        api: Api::Icws,
        name: required(&body, "participantName")?,
        target: required(&body, "targetName")?,
        target_type: required(&body, "targetType")?,
        facts: facts(&body, options)?,
        history: told_history(&body, options)?,
    };
    let hook = optional(&body, "webhook")?;
    let reply = server.centre.start(server.index, start, |chat| {
        chat.webhook = hook.map(|url| webhook::deliver(url, options));
        chat.open();
        json!({
            "__type": "urn:inin.com:webChat:startChatResponse",
            "chatId": chat.id,
            "participantId": chat.participant,
            "pollWaitSuggestion": options.poll_wait_ms.to_string(),
            "dateFormat": "yyyy-MM-dd",
            "timeFormat": "HH:mm:ss",
        })
    });
    reply.map(|reply| Json(reply).into_response()).map_err(Failure::from)
}

/// A field the server's version does not know is refused.
fn check_fields(body: &Map<String, Value>, options: &Options) -> Result<(), Failure> {
    let names = &options.fields;
    let second = ["notes", &names.history, &names.attributes, &names.contexts];
    for name in body.keys().map(String::as_str) {
        let known = name == "__type"
            || FIRST_FIELDS.contains(&name)
            || options.web_chat >= 2 && second.contains(&name)
            || options.web_chat >= 5 && name == "webhook";
        if !known {
            return Err(invalid(&format!("unknown field {name}")));
        }
    }
    Ok(())
}

fn facts(body: &Map<String, Value>, options: &Options) -> Result<Vec<(String, String)>, Failure> {
    let mut facts = Vec::new();
    for name in ["language", "transcriptEmailAddress", "notes", "webhook"] {
        if let Some(value) = optional(body, name)? {
            facts.push((name.to_owned(), value));
        }
    }
    match body.get(&options.fields.attributes) {
        None => {}
        Some(Value::Object(attributes)) => {
            for name in attributes.keys() {
                facts.push((name.clone(), required(attributes, name)?));
            }
        }
        Some(_) => return Err(invalid("attributes are a map")),
    }
    for item in list(body, &options.fields.contexts)? {
        let context = item.as_object().ok_or_else(|| invalid("a context is an object"))?;
        let category = context.get("category").and_then(Value::as_i64);
        let category = category.ok_or_else(|| invalid("category is a number"))?;
        facts.push((format!("context {category}"), required(context, "context")?));
    }
    Ok(facts)
}

fn told_history(body: &Map<String, Value>, options: &Options) -> Result<Vec<Line>, Failure> {
    let read = |item: &Value| {
        let item = item.as_object().ok_or_else(|| invalid("a history item is an object"))?;
        let kind = required(item, "participantType")?;
        if !["WebUser", "Agent", "System"].contains(&kind.as_str()) {
            return Err(invalid("participantType is WebUser, Agent or System"));
        }
        let at = DateTime::strptime(TIME, required(item, "timestamp")?)
            .and_then(|at| at.to_zoned(TimeZone::UTC))
            .map_err(|error| invalid(&format!("timestamp: {error}")))?;
        Ok(Line {
            from: crate::From::History,
            name: required(item, "displayName")?,
            text: required(item, "message")?,
            at: at.timestamp().as_millisecond(),
        })
    };
    list(body, &options.fields.history)?.iter().map(read).collect()
}

fn reconnect(server: &Server, call: &Call) -> Result<Response, Failure> {
    let body = object(call)?;
    let (chat, participant) = (required(&body, "chatId")?, required(&body, "participantId")?);
    let known = server.centre.reconnect(server.index, &chat, |chat| {
        chat.participant == participant && chat.start.api == Api::Icws
    });
    match known {
        Ok(true) => Ok(no_content()),
        Ok(false) => Err(Refusal::Participant.into()),
        Err(refusal) => Err(refusal.into()),
    }
}

fn send_message(server: &Server, participant: &str, call: &Call) -> Result<Response, Failure> {
    let body = object(call)?;
    let message = required(&body, "message")?;
    let content_type = match required(&body, "contentType")?.as_str() {
        "text/plain" => "text/plain",
        "text/html" => "text/html",
        _ => return Err(invalid("contentType is text/plain or text/html")),
    };
    with(server, participant, |chat| chat.said(message, content_type)).map(|()| no_content())
}

fn typing_state(server: &Server, participant: &str, call: &Call) -> Result<Response, Failure> {
    let body = object(call)?;
    let on = body.get("typingIndicator").and_then(Value::as_bool);
    let on = on.ok_or_else(|| invalid("typingIndicator is required"))?;
    with(server, participant, |chat| chat.visitor_types = on).map(|()| no_content())
}

fn messages(server: &Server, participant: &str) -> Result<Response, Failure> {
    let sent = server.centre.poll(server.index, participant).map_err(Failure::from)?;
    Ok(Json(poll_body(&sent, &server.centre.options)).into_response())
}

fn history(server: &Server, participant: &str) -> Result<Response, Failure> {
    let sent = server.centre.history(server.index, participant).map_err(Failure::from)?;
    Ok(Json(json!({ "messages": sent.iter().map(message).collect::<Vec<_>>() })).into_response())
}

fn file(server: &Server, participant: &str, guid: &str) -> Result<Response, Failure> {
    let content = with(server, participant, |chat| chat.file(guid).map(str::to_owned))?;
    let content = content.ok_or_else(|| invalid("no such file"))?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], content).into_response())
}

fn with<T>(
    server: &Server,
    participant: &str,
    work: impl FnOnce(&mut Chat) -> T,
) -> Result<T, Failure> {
    server.centre.with(server.index, participant, work).map_err(Failure::from)
}

fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn invalid(what: &str) -> Failure {
    Failure(StatusCode::BAD_REQUEST, "error.request.invalid", what.to_owned())
}

fn object(call: &Call) -> Result<Map<String, Value>, Failure> {
    if !call.content_type.to_ascii_lowercase().starts_with("application/json") {
        return Err(invalid("bodies are JSON"));
    }
    serde_json::from_slice(call.body).map_err(|error| invalid(&error.to_string()))
}

fn required(body: &Map<String, Value>, name: &str) -> Result<String, Failure> {
    optional(body, name)?.ok_or_else(|| invalid(&format!("{name} is required")))
}

fn optional(body: &Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(invalid(&format!("{name} is a string"))),
    }
}

fn list<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], Failure> {
    match body.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(invalid(&format!("{name} is a list"))),
    }
}
