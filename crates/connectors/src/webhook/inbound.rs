//! Events from the tool: `POST /connectors/{name}/events` with one event, or with several in
//! `events`. Each is stored before the answer. A repeat with the same `id` changes nothing.

use std::sync::Arc;

use axum::response::Response;
use connector::{ConnectorEvent, EventKind, Host, InboundRequest, Proof, Typing, text};
use edge::http::{ApiError, json};
use http::{Method, StatusCode};
use machine::chat::Agent;
use secrecy::SecretString;
use serde_json::Value;
use wire::{
    problem::{Problem, ProblemId},
    profile,
    tool::{TextFormat, ToolAgent, ToolEvent as Event, ToolEventsStored},
};

/// Most events in one request.
const EVENTS_MAX: usize = 100;

/// Whether the call may go on to [`receive`]; only its path and headers are looked at.
pub(super) fn admit(token: &SecretString, call: &InboundRequest) -> Result<Proof, ApiError> {
    if call.path != "events" || call.method != Method::POST {
        let detail = "Send events with POST to `/connectors/{name}/events`.";
        return Err(ApiError::new(ProblemId::NotFound, detail));
    }
    if !call.presents(token) {
        let detail = "Present the connector's token after `Bearer` in `Authorization`.";
        return Err(ApiError::new(ProblemId::Unauthorized, detail));
    }
    Ok(Proof::Given)
}

pub(super) async fn receive(
    host: &Arc<dyn Host>,
    mut call: InboundRequest,
) -> Result<Response, ApiError> {
    let events = events(call.take_json()?)?;
    for event in &events {
        tell(host, event).await?;
    }
    Ok(json(StatusCode::OK, &ToolEventsStored { stored: events.len() }))
}

fn events(body: Value) -> Result<Vec<Event>, ApiError> {
    let (list, many) = match body {
        Value::Object(mut body) if body.contains_key("events") => match body.remove("events") {
            Some(Value::Array(events)) => (events, true),
            _ => return Err(invalid("events", "Send a list of events.")),
        },
        one => (vec![one], false),
    };
    if list.len() > EVENTS_MAX {
        return Err(invalid("events", &format!("Send at most {EVENTS_MAX} events at once.")));
    }
    let read = |(place, event): (usize, Value)| {
        let path = if many { format!("events[{place}]") } else { "event".to_owned() };
        serde_json::from_value(event).map_err(|error| invalid(&path, &format!("{error}.")))
    };
    list.into_iter().enumerate().map(read).collect()
}

async fn tell(host: &Arc<dyn Host>, event: &Event) -> Result<(), ApiError> {
    let kind = kind(event)?;
    let Some(handover) = host.find(&event.handover) else {
        let chat = event.handover.rsplit_once('.').map_or("", |(chat, _)| chat);
        if host.is_opening(chat) {
            let detail = "Your answer to its opening is still being stored: send it again.";
            return Err(ApiError::new(ProblemId::Unavailable, detail));
        }
        let detail = format!("The handover {:?} is over, or never was.", event.handover);
        return Err(ApiError::new(ProblemId::NotFound, detail));
    };
    let event = ConnectorEvent { id: event.id.clone(), kind };
    host.tell(&handover, event, None).await.map_err(ApiError::from)
}

fn kind(event: &Event) -> Result<EventKind, ApiError> {
    let agent = || {
        let ToolAgent { id, name, avatar_url } = event.agent.clone().unwrap_or_default();
        if profile::name(&name).is_empty() {
            return Err(invalid("agent.name", "Say who it is: the visitor reads the name."));
        }
        Ok(Agent { email: id, name, avatar_url })
    };
    let needs_id = || match &event.id {
        Some(id) if !id.trim().is_empty() => Ok(()),
        _ => {
            Err(invalid("id", "Give each message an id of its own, the same when it is repeated."))
        }
    };
    Ok(match event.kind.as_str() {
        "agent.joined" => EventKind::Joined(agent()?),
        "agent.message" => {
            needs_id()?;
            EventKind::Said { agent: agent()?, text: words(event)? }
        }
        "agent.typing" => {
            EventKind::Types(if event.on == Some(false) { Typing::Off } else { Typing::On })
        }
        "agent.left" => EventKind::Left,
        "handover.held" => EventKind::Held { on: event.on.unwrap_or(true) },
        "notice" => {
            needs_id()?;
            EventKind::Notice(words(event)?)
        }
        "handover.ended" => EventKind::Ended,
        other => return Err(invalid("type", &format!("{other:?} is not a type of event."))),
    })
}

fn words(event: &Event) -> Result<String, ApiError> {
    let text = match event.format {
        TextFormat::Markdown => event.text.clone(),
        TextFormat::Plain => text::from_plain(&event.text),
        TextFormat::Html => text::from_html(&event.text),
    };
    let files = event.files.iter().map(|file| text::link(&file.name, &file.url));
    let parts: Vec<String> = std::iter::once(text).chain(files).collect();
    let words = parts.join("\n").trim().to_owned();
    if words.is_empty() {
        return Err(invalid("text", "Say something, or send `files`."));
    }
    Ok(words)
}

fn invalid(field: &str, detail: &str) -> ApiError {
    ApiError(Problem::new(ProblemId::InvalidField, detail).at(field))
}
