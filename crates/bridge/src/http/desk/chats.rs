//! `/desk/api/chats…`: the queue, and what an agent does in a chat.
//!
//! Every agent sees the open chats of all routes at the desk. A closed one is seen by whoever had
//! it, or by everybody when nobody had; to others it does not exist.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use edge::{
    http::{ApiError, json, read_body},
    ids,
};
use http::StatusCode;
use machine::{
    Machine,
    chat::{Agent, Chat, Event, Input},
    limits::{BODY_BYTES_MAX, CLIENT_ID_CHARS_MAX, PAGE_EVENTS_MAX, TEXT_CHARS_MAX},
};
use serde::{Deserialize, Serialize};
use store::Key;
use wire::{
    desk::{ChatEvent, NewMessage, TranscriptLine},
    problem::{Problem, ProblemId},
    visitor::Accepted,
};

use super::{board, guard::SignedIn, view};
use crate::{
    app::{App, Bridge, Route},
    problems,
};

/// Events taken at once when the end of a closed chat is looked for, from the last one back. After
/// it come only refusals of what was still to be pushed.
const LAST_EVENTS: u64 = 50;

/// `GET /desk/api/chats`.
pub(crate) async fn list(
    State(bridge): State<Bridge>,
    signed: SignedIn,
) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    struct Chats {
        chats: Vec<wire::desk::Chat>,
    }
    let chats = chats_of(bridge.app(), &signed.agent).await?;
    Ok(json(StatusCode::OK, &Chats { chats }))
}

/// `GET /desk/api/chats/{id}`: the chat, and what was said before the handover.
pub(crate) async fn show(
    State(bridge): State<Bridge>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    struct Shown {
        #[serde(flatten)]
        chat: wire::desk::Chat,
        transcript: Vec<TranscriptLine>,
    }
    let found = find(bridge.app(), &signed.agent, id).await?;
    let transcript = found.transcript().await?;
    Ok(json(StatusCode::OK, &Shown { chat: found.view(), transcript }))
}

#[derive(Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /desk/api/chats/{id}/events?after=N`: the next page; `next` is where to go on.
pub(crate) async fn events(
    State(bridge): State<Bridge>,
    signed: SignedIn,
    Path(id): Path<String>,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    struct Page {
        events: Vec<ChatEvent>,
        next: u64,
    }
    let Ok(Query(After { after })) = query else {
        let problem = Problem::new(ProblemId::InvalidField, "`after` is no number: send a `seq`");
        return Err(problem.at("after").into());
    };
    let found = find(bridge.app(), &signed.agent, id).await?;
    let events = found.route.ledger.events(&found.id, after, PAGE_EVENTS_MAX).await;
    let events = events.map_err(|error| problems::of_store(&error))?;
    let next = events.last().map_or(after, |event| event.position.seq);
    let events = events.iter().filter_map(view::event).collect();
    Ok(json(StatusCode::OK, &Page { events, next }))
}

/// `POST /desk/api/chats/{id}/claim`: the chat, or who was faster.
pub(crate) async fn claim(
    State(bridge): State<Bridge>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let app = bridge.app();
    let found = find(app, &signed.agent, id).await?;
    let input = Input::Claim { agent: signed.agent };
    let stepped = app.driver.step(&found.route, &found.id, None, input).await;
    let stepped = stepped.map_err(problems::of_step)?;
    let chat = view::chat(&found.route.id, &found.id, &stepped.state, None);
    Ok(json(StatusCode::OK, &chat))
}

/// `POST /desk/api/chats/{id}/messages`: `{"clientId","text"}`; stored before it is answered.
pub(crate) async fn say(
    State(bridge): State<Bridge>,
    signed: SignedIn,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let app = bridge.app();
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let message = NewMessage::parse(&body, TEXT_CHARS_MAX, CLIENT_ID_CHARS_MAX)?;
    let found = find(app, &signed.agent, id).await?;
    let NewMessage { client_id, text } = message;
    let key = Key {
        id: format!("desk:{}:{client_id}", signed.agent.email),
        print: ids::fingerprint(text.as_bytes()),
    };
    let input = Input::AgentSaid { agent: signed.agent, client_id, text };
    let stepped = app.driver.step(&found.route, &found.id, Some(key), input).await;
    let seq = stepped.map_err(problems::of_step)?.first_seq;
    Ok(json(StatusCode::ACCEPTED, &Accepted { seq }))
}

/// `POST /desk/api/chats/{id}/typing`: told to the platform at most every two seconds, and only
/// when nothing the agent said is still on its way.
pub(crate) async fn tell_typing(
    State(bridge): State<Bridge>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let app = bridge.app();
    let found = find(app, &signed.agent, id).await?;
    let owner = found.state.agent().map(|agent| &agent.email);
    let mine = owner == Some(&signed.agent.email);
    if mine && !found.state.owes() && app.desk.may_push_typing(&found.id, app.clock.now()) {
        let Found { route, id, .. } = found;
        app.driver.tasks().spawn(async move { route.tell_typing(&id).await });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /desk/api/chats/{id}/close`: hands back to the bot.
pub(crate) async fn close(
    State(bridge): State<Bridge>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let app = bridge.app();
    let found = find(app, &signed.agent, id).await?;
    let input = Input::Close { agent: signed.agent };
    let closed = app.driver.step(&found.route, &found.id, None, input).await;
    closed.map_err(problems::of_step)?;
    Ok(StatusCode::NO_CONTENT)
}

/// All chats an agent sees in the queue, read just now.
pub(super) async fn chats_of(app: &App, agent: &Agent) -> Result<Vec<wire::desk::Chat>, ApiError> {
    let routes: Vec<Arc<Route>> = app.desk_routes().collect();
    let open = board::open_chats(&routes).await.map_err(|error| problems::of_store(&error))?;
    let closed = app.desk.connector.closed_lately(&agent.email, app.clock.now());
    Ok(board::with_closed(&open, &closed))
}

/// A chat that an agent may see.
pub(super) struct Found {
    pub(super) route: Arc<Route>,
    pub(super) id: String,
    state: Chat,
    /// Who had it, when it is closed.
    closer: Option<Agent>,
}

pub(super) async fn find(app: &App, agent: &Agent, id: String) -> Result<Found, ApiError> {
    for route in app.desk_routes() {
        let state = route.ledger.load(&id).await.map_err(|error| problems::of_store(&error))?;
        let Some(state) = state else { continue };
        let mut found = Found { route, id, state, closer: None };
        if found.state.is_open() {
            return Ok(found);
        }
        found.closer = found.last_agent().await?;
        // What nobody had concerns everybody.
        let visible = found.closer.as_ref().is_none_or(|closer| closer.email == agent.email);
        if visible {
            return Ok(found);
        }
        break;
    }
    Err(problems::no_such_chat())
}

impl Found {
    fn view(&self) -> wire::desk::Chat {
        view::chat(&self.route.id, &self.id, &self.state, self.closer.as_ref())
    }

    async fn last_agent(&self) -> Result<Option<Agent>, ApiError> {
        let mut end = self.state.position().seq;
        while end > 0 {
            let after = end.saturating_sub(LAST_EVENTS);
            let events = self.route.ledger.events(&self.id, after, (end - after) as usize).await;
            let events = events.map_err(|error| problems::of_store(&error))?;
            let closed = events.into_iter().rev().find_map(|recorded| match recorded.event {
                Event::Closed { agent, .. } => Some(agent),
                _ => None,
            });
            if let Some(agent) = closed {
                return Ok(agent);
            }
            end = after;
        }
        Ok(None)
    }

    /// What was said before the latest handover: a chat that is opened again while its last
    /// pushes are under way goes on under the same id.
    async fn transcript(&self) -> Result<Vec<TranscriptLine>, ApiError> {
        let mut transcript = Vec::new();
        let mut after = 0;
        loop {
            let page = self.route.ledger.events(&self.id, after, PAGE_EVENTS_MAX).await;
            let page = page.map_err(|error| problems::of_store(&error))?;
            let Some(last) = page.last() else { return Ok(transcript) };
            after = last.position.seq;
            for recorded in &page {
                if let Event::Opened { opening, .. } = &recorded.event {
                    transcript = opening.transcript.iter().map(view::line).collect();
                }
            }
        }
    }
}
