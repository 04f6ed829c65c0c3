//! `/api/v2/conversations/messages/{conversationId}` and its participants, and the few other
//! resources that an application reads.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State as Of},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::{
    GenesysCloud,
    body::{check_strings, parse},
    errors::Refusal,
    state::{DisconnectType, Purpose, State},
    views,
};

type Answer = Result<Json<Value>, Refusal>;

pub(super) async fn read(Of(tool): Of<GenesysCloud>, Path(id): Path<String>) -> Answer {
    let mut state = tool.state();
    let at = find(&state, &id)?;
    let reads = state.conversations[at].reads.saturating_add(1);
    state.conversations[at].reads = reads;
    if reads <= state.options.reads_before_found {
        return Err(Refusal::not_found("the conversation"));
    }
    Ok(Json(views::message_conversation(&state.conversations[at])))
}

pub(super) async fn read_whole(Of(tool): Of<GenesysCloud>, Path(id): Path<String>) -> Answer {
    let state = tool.state();
    let at = find(&state, &id)?;
    Ok(Json(views::whole(&state.conversations[at])))
}

/// The only change: `{"state": "disconnected"}` ends the conversation for all participants.
pub(super) async fn change(
    Of(tool): Of<GenesysCloud>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let mut state = tool.state();
    let at = find(&state, &id)?;
    if body["state"] != "disconnected" {
        return Err(Refusal::bad_request("state can only become disconnected"));
    }
    if state.conversations[at].ended.is_none() {
        state.visitor_ends(at);
    }
    Ok(Json(views::whole(&state.conversations[at])))
}

/// An agent accepts or ends the conversation through his own participant.
pub(super) async fn change_participant(
    Of(tool): Of<GenesysCloud>,
    Path((id, participant)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let body = parse(&body)?;
    let mut state = tool.state();
    let (at, participant) = find_participant(&state, &id, &participant)?;
    let purpose = state.conversations[at].participants[participant].purpose;
    if purpose == Purpose::Customer || body["state"] != "disconnected" {
        return Err(Refusal::bad_request("only an agent's state can become disconnected"));
    }
    state.agent_ends(&id, DisconnectType::Client).map_err(Refusal::conflict)?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn attributes(
    Of(tool): Of<GenesysCloud>,
    Path((id, participant)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let attributes = check_strings(&body["attributes"], "attributes")?;
    let mut state = tool.state();
    let (at, _) = find_participant(&state, &id, &participant)?;
    for (name, value) in &attributes {
        let value = value.as_str().unwrap_or_default().to_owned();
        state.conversations[at].attributes.insert(name.clone(), value);
    }
    Ok(Json(json!({ "attributes": attributes })))
}

/// `replace`: to a user or back to a queue.
pub(super) async fn transfer(
    Of(tool): Of<GenesysCloud>,
    Path((id, participant)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let body = parse(&body)?;
    let mut state = tool.state();
    find_participant(&state, &id, &participant)?;
    if let Some(user) = body["userId"].as_str() {
        let known = state.users.iter().find(|(_, id)| id == user).map(|(name, _)| name.clone());
        let name = known.ok_or_else(|| Refusal::not_found("the user"))?;
        state.transfer(&id, &name).map_err(Refusal::conflict)?;
    } else if body["queueId"].as_str() == Some(&state.options.queue_id) {
        state.agent_ends(&id, DisconnectType::Transfer).map_err(Refusal::conflict)?;
    } else {
        return Err(Refusal::bad_request("userId or queueId is needed"));
    }
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn user(Of(tool): Of<GenesysCloud>, Path(id): Path<String>) -> Answer {
    let state = tool.state();
    let known = state.users.iter().find(|(_, known)| *known == id);
    let (name, _) = known.ok_or_else(|| Refusal::not_found("the user"))?;
    Ok(Json(json!({
        "id": id,
        "name": name,
        "division": { "id": "d1f10000-0000-4000-8000-000000000001", "name": "Home" },
        "state": "active",
        "version": 1,
        "selfUri": format!("/api/v2/users/{id}"),
    })))
}

pub(super) fn find(state: &State, id: &str) -> Result<usize, Refusal> {
    state.find(id).ok_or_else(|| Refusal::not_found("the conversation"))
}

fn find_participant(state: &State, id: &str, participant: &str) -> Result<(usize, usize), Refusal> {
    let at = find(state, id)?;
    let participant = state.conversations[at].participant(participant);
    Ok((at, participant.ok_or_else(|| Refusal::not_found("the participant"))?))
}
