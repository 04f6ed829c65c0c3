//! Messages of a conversation: read one by one or many at once, written by the application that an
//! agent works in.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State as Of},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::{GenesysCloud, body::parse, conversations::find, errors::Refusal, state::State, views};

type Answer = Result<Json<Value>, Refusal>;

pub(super) async fn read(
    Of(tool): Of<GenesysCloud>,
    Path((id, message)): Path<(String, String)>,
) -> Answer {
    let state = tool.state();
    let conversation = &state.conversations[find(&state, &id)?];
    let message = conversation.messages.iter().find(|known| known.id == message);
    let message = message.ok_or_else(|| Refusal::not_found("the message"))?;
    Ok(Json(views::message_data(conversation, message)))
}

/// The body is a list of message ids.
pub(super) async fn bulk(
    Of(tool): Of<GenesysCloud>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let Some(wanted) = body.as_array() else {
        return Err(Refusal::bad_request("a list of message ids is needed"));
    };
    let state = tool.state();
    let conversation = &state.conversations[find(&state, &id)?];
    let found = wanted.iter().filter_map(|id| {
        let message = conversation.messages.iter().find(|message| *id == message.id.as_str())?;
        Some(views::message_data(conversation, message))
    });
    Ok(Json(json!({ "entities": found.collect::<Vec<_>>() })))
}

pub(super) async fn say(
    Of(tool): Of<GenesysCloud>,
    Path((id, communication)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let Some(text) = body["textBody"].as_str().filter(|text| !text.is_empty()) else {
        return Err(Refusal::bad_request("textBody is missing"));
    };
    let mut state = tool.state();
    let (at, agent) = find_agent(&state, &id, &communication)?;
    if text.chars().count() > state.options.text_chars_max {
        return Err(Refusal::bad_request("textBody is too long"));
    }
    state.say(at, agent, text.to_owned(), Vec::new());
    let conversation = &state.conversations[at];
    let message = conversation.messages.last();
    let message = message.ok_or_else(|| Refusal::not_found("the message"))?;
    Ok(Json(views::message_data(conversation, message)))
}

pub(super) async fn typing(
    Of(tool): Of<GenesysCloud>,
    Path((id, communication)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let body = parse(&body)?;
    let mut state = tool.state();
    let (at, agent) = find_agent(&state, &id, &communication)?;
    match body["typing"]["type"].as_str() {
        Some("On") => state.agent_types(at, agent),
        Some("Off") => {}
        _ => return Err(Refusal::bad_request("typing.type must be On or Off")),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The conversation and the agent whose communication this is, while he is connected.
fn find_agent(state: &State, id: &str, communication: &str) -> Result<(usize, usize), Refusal> {
    let at = find(state, id)?;
    let participants = &state.conversations[at].participants;
    let agent = participants.iter().position(|each| each.communication == communication);
    let agent = agent.ok_or_else(|| Refusal::not_found("the communication"))?;
    if participants[agent].user.is_none() || participants[agent].ended.is_some() {
        return Err(Refusal::bad_request("the communication is not an agent's who is connected"));
    }
    Ok((at, agent))
}
