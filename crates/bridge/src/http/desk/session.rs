//! `/desk/api/session` and `/desk/api/availability`: signing in and out, taking chats or not.

use std::net::SocketAddr;

use axum::{
    Extension,
    body::Body,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use edge::http::{ApiError, json, read_body};
use http::{HeaderMap, HeaderValue, StatusCode, header, header::InvalidHeaderValue};
use machine::{Millis, chat::Agent, limits::BODY_BYTES_MAX};
use secrecy::ExposeSecret;
use wire::{
    desk::{self, SignIn},
    problem::ProblemId,
};

use super::{
    auth::folded,
    guard::{COOKIE, SignedIn},
    view,
};
use crate::{
    app::{App, Bridge},
    problems,
};

/// `POST /desk/api/session`: `{"email","password"}` gives the agent and a cookie.
pub(crate) async fn sign_in(
    State(bridge): State<Bridge>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let app = bridge.app();
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let SignIn { email, password } = SignIn::parse(&body)?;
    let (now, from) = (app.clock.now(), peer.map(|Extension(ConnectInfo(peer))| peer.ip()));
    let account = folded(&email);
    if let Some(wait) = app.desk.throttle.wait(&account, from, now) {
        return Ok(too_many(wait));
    }
    let Some(agent) = app.desk.agents.verify(&email, &password) else {
        app.desk.throttle.failed(&account, from, now);
        let detail = "The email address or the password is wrong.";
        return Err(ApiError::new(ProblemId::Unauthorized, detail));
    };
    app.desk.throttle.succeeded(&account, from);
    let token = app.desk.sessions.open(&app.desk.agents, &agent.email, now).await;
    let token = token.map_err(|error| problems::of_store(&error))?;
    let Some(token) = token else {
        return Err(ApiError::new(ProblemId::Unauthorized, "There is no such agent."));
    };
    let presence = &app.desk.connector.presence;
    presence.set(&agent.email, true).await.map_err(|error| problems::of_store(&error))?;
    presence.seen(&agent.email, now).await;
    let cookie = cookie(&headers, token.expose_secret());
    let cookie = cookie.map_err(|error| ApiError::internal(&error))?;
    let mut response = session(app, agent).await?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `GET /desk/api/session`.
pub(crate) async fn show(
    State(bridge): State<Bridge>,
    signed: SignedIn,
) -> Result<Response, ApiError> {
    session(bridge.app(), &signed.agent).await
}

/// `DELETE /desk/api/session`: ends the session and its open streams.
pub(crate) async fn sign_out(
    State(bridge): State<Bridge>,
    headers: HeaderMap,
    signed: SignedIn,
) -> Result<Response, ApiError> {
    let app = bridge.app();
    let ended = app.desk.sessions.end(signed.token.expose_secret()).await;
    ended.map_err(|error| problems::of_store(&error))?;
    let left = app.desk.connector.presence.left(&signed.agent.email).await;
    left.map_err(|error| problems::of_store(&error))?;
    let cookie = cookie(&headers, "").map_err(|error| ApiError::internal(&error))?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `PUT /desk/api/availability`: `{"available":true}`.
pub(crate) async fn set_availability(
    State(bridge): State<Bridge>,
    signed: SignedIn,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let available = desk::availability(&body)?;
    let set = bridge.app().desk.connector.presence.set(&signed.agent.email, available).await;
    set.map_err(|error| problems::of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn session(app: &App, agent: &Agent) -> Result<Response, ApiError> {
    let presence = &app.desk.connector.presence;
    let available = presence.wants_chats(&agent.email, app.clock.now()).await;
    let available = available.map_err(|error| problems::of_store(&error))?;
    Ok(json(StatusCode::OK, &desk::Session { agent: view::agent(agent), available }))
}

/// The session cookie, or with an empty token the end of it. Off https only because a desk on
/// loopback has no certificate.
fn cookie(headers: &HeaderMap, token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let https = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if https { "; Secure" } else { "" };
    let age = if token.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/desk; HttpOnly; SameSite=Strict{secure}{age}");
    let mut cookie = HeaderValue::try_from(cookie)?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

fn too_many(wait_ms: Millis) -> Response {
    let detail = "Too many attempts: wait as long as `Retry-After` says.";
    let mut response = ApiError::new(ProblemId::RateLimited, detail).into_response();
    let seconds = wait_ms.unsigned_abs().div_ceil(1_000);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
