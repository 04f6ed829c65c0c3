//! `/desk/api/chats…`: the queue, and what an agent does in a chat.
//!
//! Every human agent sees the open chats of all routes at the desk. A closed chat is seen by the
//! agent who had it, or by all when no agent had it. For others it does not exist.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use edge::{
    http::{SentBy, json, read_body},
    ids,
};
use http::StatusCode;
use machine::{
    Machine,
    chat::{Agent, Chat, Event, Input},
    limits::{
        BODY_BYTES_MAX, CLIENT_ID_CHARS_MAX, PAGE_BYTES_MAX, PAGE_EVENTS_MAX, TEXT_CHARS_MAX,
    },
};
use serde::Deserialize;
use store::{Key, PageMax};
use utoipa::IntoParams;
use wire::{
    desk::{ChatEvents, ChatShown, Chats, NewMessage, TranscriptLine},
    problem::{Problem, ProblemId},
    shapes::AgentMessage,
    visitor::Accepted,
};

use super::{
    super::{
        App,
        error::{Error, Result},
    },
    guard::{FromDesk, SignedIn},
};
use crate::{
    desk::{board, view},
    route::Route,
};

/// Events taken at once when the end of a closed chat is looked for, from the last one back. After
/// it come only refusals of what was still to be pushed.
const LAST_EVENTS: u64 = 50;

/// Open chats, the longest waiting first
#[utoipa::path(
    get, path = "/desk/api/chats", operation_id = "listChats", tag = "desk",
    security(("deskCookie" = [])),
    responses(
        (status = 200, description = "The queue as this human agent sees it", body = Chats),
        (status = 401, response = Problem), (status = 503, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn list(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response> {
    let chats = chats_of(&app, &signed.agent).await?;
    Ok(json(StatusCode::OK, &Chats { chats }))
}

/// A chat with the transcript before the handover
#[utoipa::path(
    get, path = "/desk/api/chats/{id}", operation_id = "readChat", tag = "desk",
    security(("deskCookie" = [])),
    params(("id" = String, Path, description = "Id of the chat")),
    responses(
        (status = 200, description = "The chat", body = ChatShown),
        (status = 401, response = Problem), (status = 404, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response> {
    let found = find(&app, &signed.agent, id).await?;
    let transcript = found.transcript().await?;
    Ok(json(StatusCode::OK, &ChatShown { chat: found.view(), transcript }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The last number you have; 0 for everything
    #[serde(default)]
    after: u64,
}

/// What happened in a chat after a number
#[utoipa::path(
    get, path = "/desk/api/chats/{id}/events", operation_id = "readChatEvents", tag = "desk",
    security(("deskCookie" = [])),
    params(("id" = String, Path, description = "Id of the chat"), After),
    responses(
        (status = 200, description = "The next page; `next` is where to go on", body = ChatEvents),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 404, response = Problem), (status = 503, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    query: std::result::Result<Query<After>, QueryRejection>,
) -> Result<Response> {
    let Ok(Query(After { after })) = query else {
        let problem = Problem::new(ProblemId::InvalidField, "`after` is no number: send a `seq`");
        return Err(problem.at("after").into());
    };
    let found = find(&app, &signed.agent, id).await?;
    let max = PageMax { events: PAGE_EVENTS_MAX, bytes: PAGE_BYTES_MAX };
    let events = found.route.ledger.page(&found.id, after, max).await?.events;
    let next = events.last().map_or(after, |event| event.position.seq);
    let events = events.iter().filter_map(view::event).collect();
    Ok(json(StatusCode::OK, &ChatEvents { events, next }))
}

/// Take a chat; 409 says who has it
#[utoipa::path(
    post, path = "/desk/api/chats/{id}/claim", operation_id = "claimChat", tag = "desk",
    security(("deskCookie" = [])),
    params(("id" = String, Path, description = "Id of the chat"), FromDesk),
    responses(
        (status = 200, description = "The chat is this human agent's", body = wire::desk::Chat),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = 409, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn claim(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response> {
    let found = find(&app, &signed.agent, id).await?;
    let input = Input::Claim { agent: signed.agent };
    let stepped = found.route.step(&found.id, None, input).await?;
    let chat = view::chat(&found.route.id, &found.id, &stepped.state, None);
    Ok(json(StatusCode::OK, &chat))
}

/// Stored before it is answered; the same clientId again gives the same answer
#[utoipa::path(
    post, path = "/desk/api/chats/{id}/messages", operation_id = "sendAgentMessage", tag = "desk",
    security(("deskCookie" = [])),
    params(("id" = String, Path, description = "Id of the chat"), FromDesk),
    request_body = AgentMessage,
    responses(
        (status = 202, description = "The message is stored", body = Accepted),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = 409, response = Problem), (status = 413, response = Problem),
        (status = 422, response = Problem), (status = 429, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn say(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response> {
    let body = read_body(body, BODY_BYTES_MAX, SentBy::Known).await?;
    let message = NewMessage::parse(&body, TEXT_CHARS_MAX, CLIENT_ID_CHARS_MAX)?;
    let found = find(&app, &signed.agent, id).await?;
    let NewMessage { client_id, text } = message;
    let key = Key {
        id: format!("desk:{}:{client_id}", signed.agent.email),
        fingerprint: ids::fingerprint(text.as_bytes()),
    };
    let input = Input::AgentSaid { agent: signed.agent, client_id, text };
    let seq = found.route.step(&found.id, Some(key), input).await?.first_seq;
    Ok(json(StatusCode::ACCEPTED, &Accepted { seq }))
}

/// The agent types
///
/// Told to the platform at most every two seconds, and only when nothing the agent said is still on
/// its way.
#[utoipa::path(
    post, path = "/desk/api/chats/{id}/typing", operation_id = "agentTypes", tag = "desk",
    security(("deskCookie" = [])),
    params(("id" = String, Path, description = "Id of the chat"), FromDesk),
    responses(
        (status = 204, description = "Taken"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = 503, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn tell_typing(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let found = find(&app, &signed.agent, id).await?;
    let owner = found.state.agent().map(|agent| &agent.email);
    let mine = owner == Some(&signed.agent.email);
    if mine && !found.state.owes() && app.desk.may_push_typing(&found.id, app.clock.now()) {
        let Found { route, id, .. } = found;
        app.tasks.spawn(async move { route.tell_typing(&id).await });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Hand back to the bot
#[utoipa::path(
    post, path = "/desk/api/chats/{id}/close", operation_id = "closeChat", tag = "desk",
    security(("deskCookie" = [])),
    params(("id" = String, Path, description = "Id of the chat"), FromDesk),
    responses(
        (status = 204, description = "The chat is closed"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = 409, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let found = find(&app, &signed.agent, id).await?;
    let input = Input::Close { agent: signed.agent };
    found.route.step(&found.id, None, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All chats an agent sees in the queue, read just now.
pub(super) async fn chats_of(app: &App, agent: &Agent) -> Result<Vec<wire::desk::Chat>> {
    let routes = app.routes.at_desk();
    let open = board::open_chats(&routes).await?;
    let closed = app.desk.closed.of(&agent.email, app.clock.now());
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

pub(super) async fn find(app: &App, agent: &Agent, id: String) -> Result<Found> {
    for route in app.routes.at_desk() {
        let Some(state) = route.ledger.load(&id).await? else { continue };
        let mut found = Found { route, id, state, closer: None };
        if found.state.is_open() {
            return Ok(found);
        }
        found.closer = found.last_agent().await?;
        // A chat that no agent had concerns all of them.
        let visible = found.closer.as_ref().is_none_or(|closer| closer.email == agent.email);
        if visible {
            return Ok(found);
        }
        break;
    }
    Err(Error::no_such_chat())
}

impl Found {
    fn view(&self) -> wire::desk::Chat {
        view::chat(&self.route.id, &self.id, &self.state, self.closer.as_ref())
    }

    async fn last_agent(&self) -> Result<Option<Agent>> {
        let mut end = self.state.position().seq;
        while end > 0 {
            let after = end.saturating_sub(LAST_EVENTS);
            let events = self.route.ledger.events(&self.id, after, (end - after) as usize).await?;
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
    async fn transcript(&self) -> Result<Vec<TranscriptLine>> {
        let mut transcript = Vec::new();
        let mut after = 0;
        loop {
            let page = self.route.ledger.events(&self.id, after, PAGE_EVENTS_MAX).await?;
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
