//! `/desk/api/session` and `/desk/api/availability`: signing in and out, taking chats or not.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use edge::{
    base_path::BasePath,
    http::{json, read_body},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use machine::{Millis, chat::Agent, limits::BODY_BYTES_MAX};
use secrecy::ExposeSecret;
use wire::{
    desk::{self, SignIn},
    problem::{Problem, ProblemId},
    shapes::Availability,
};

use super::{
    super::{
        App,
        error::{Error, Result},
    },
    cookie,
    guard::{FromDesk, SignedIn},
};
use crate::desk::{human_agents::folded, view};

/// Sign in; sets the cookie
#[utoipa::path(
    post, path = "/desk/api/session", operation_id = "signIn", tag = "desk",
    params(FromDesk),
    request_body = SignIn,
    responses(
        (status = 200, description = "The human agent is signed in", body = desk::Session),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 413, response = Problem),
        (status = 429, response = Problem), (status = 503, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    base: Option<Extension<BasePath>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let SignIn { email, password } = SignIn::parse(&body)?;
    let (now, from) = (app.clock.now(), peer.map(|Extension(ConnectInfo(peer))| peer.ip()));
    let account = folded(&email);
    if let Some(wait) = app.desk.throttle.wait(&account, from, now) {
        return Ok(too_many(wait));
    }
    let Some(agent) = app.desk.human_agents.verify(&email, &password) else {
        app.desk.throttle.failed(&account, from, now);
        let detail = "The email address or the password is wrong.";
        return Err(Error::new(ProblemId::Unauthorized, detail));
    };
    app.desk.throttle.succeeded(&account, from);
    let token = app.desk.sessions.open(&app.desk.human_agents, &agent.email, now).await?;
    let Some(token) = token else {
        return Err(Error::new(ProblemId::Unauthorized, "There is no such agent."));
    };
    let presence = &app.desk.presence;
    presence.set(&agent.email, true).await?;
    presence.seen(&agent.email, now).await;
    let cookie = cookie::set(&headers, base.as_deref(), token.expose_secret())?;
    let mut response = answer(&app, agent).await?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Who is signed in
#[utoipa::path(
    get, path = "/desk/api/session", operation_id = "readSession", tag = "desk",
    security(("deskCookie" = [])),
    responses(
        (status = 200, description = "The human agent of the cookie", body = desk::Session),
        (status = 401, response = Problem), (status = 503, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn show(State(app): State<Arc<App>>, signed: SignedIn) -> Result<Response> {
    answer(&app, &signed.agent).await
}

/// Sign out
///
/// Ends the session and its open streams.
#[utoipa::path(
    delete, path = "/desk/api/session", operation_id = "signOut", tag = "desk",
    security(("deskCookie" = [])),
    params(FromDesk),
    responses(
        (status = 204, description = "The session is over"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    base: Option<Extension<BasePath>>,
    headers: HeaderMap,
    signed: SignedIn,
) -> Result<Response> {
    app.desk.sessions.end(signed.token.expose_secret()).await?;
    app.desk.presence.left(&signed.agent.email).await?;
    let cookie = cookie::set(&headers, base.as_deref(), "")?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Whether this agent takes chats
#[utoipa::path(
    put, path = "/desk/api/availability", operation_id = "setAvailability", tag = "desk",
    security(("deskCookie" = [])),
    params(FromDesk),
    request_body = Availability,
    responses(
        (status = 204, description = "It is stored"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 413, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn set_availability(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    body: Body,
) -> Result<StatusCode> {
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let available = desk::availability(&body)?;
    app.desk.presence.set(&signed.agent.email, available).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn answer(app: &App, agent: &Agent) -> Result<Response> {
    let presence = &app.desk.presence;
    let available = presence.wants_chats(&agent.email, app.clock.now()).await?;
    Ok(json(StatusCode::OK, &desk::Session { agent: view::agent(agent), available }))
}

fn too_many(wait_ms: Millis) -> Response {
    let detail = "Too many attempts: wait as long as `Retry-After` says.";
    let mut response = Error::new(ProblemId::RateLimited, detail).into_response();
    let seconds = wait_ms.unsigned_abs().div_ceil(1_000);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
