//! `/desk/api/session` and `/desk/api/availability`: signing in and out, taking chats or not.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use edge::{
    base_path::BasePath,
    http::{SentBy, json, read_body},
    limits::{Client, SignIn as Attempt},
};
use http::{HeaderMap, StatusCode, header};
use machine::{chat::Agent, limits::BODY_BYTES_MAX};
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
    DEVICE, SESSION,
    guard::{FromDesk, SignedIn},
};
use crate::desk::{
    Devices,
    human_agents::{HumanAgents, folded},
    view,
};

/// Most bytes of a sign-in, and most characters of its fields.
const SIGN_IN_BYTES_MAX: usize = 16 * 1024;
const EMAIL_CHARS_MAX: usize = 320;
const PASSWORD_CHARS_MAX: usize = 1_024;

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
    client: Client,
    base: Option<Extension<BasePath>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let body = read_body(body, SIGN_IN_BYTES_MAX, SentBy::Stranger).await?;
    let SignIn { email, password } = SignIn::parse(&body)?;
    fits("email", &email, EMAIL_CHARS_MAX)?;
    fits("password", &password, PASSWORD_CHARS_MAX)?;
    let (desk, now, account) = (&app.desk, app.clock.now(), folded(&email));
    let mut device = DEVICE.token(&headers);
    if let Some(token) = &device
        && !desk.devices.knows(&account, token.expose_secret(), now).await?
    {
        client.failed_call()?;
        device = None;
    }
    let attempt = Attempt {
        client: &client,
        account: &account,
        device: device.as_ref().map(ExposeSecret::expose_secret),
    };
    let agents = desk.human_agents();
    let _turn = if agents.are_slow() {
        let turn = agents.turn(device.is_some()).await;
        Some(turn.ok_or_else(|| Error::new(ProblemId::Unavailable, "Too many sign in just now."))?)
    } else {
        None
    };
    attempt.may_be_made()?;
    let Some(agent) = verified(&agents, &email, password).await? else {
        attempt.failed();
        let detail = "The email address or the password is wrong.";
        return Err(Error::new(ProblemId::Unauthorized, detail));
    };
    let token = desk.sessions.open(&agents, &agent.email, now).await?;
    let Some(token) = token else {
        return Err(Error::new(ProblemId::Unauthorized, "There is no such agent."));
    };
    desk.presence.set(&agent.email, true).await?;
    desk.presence.seen(&agent.email, now).await;
    let mut response = answer(&app, &agent).await?;
    let cookies = response.headers_mut();
    let session = SESSION.set(&headers, base.as_deref(), token.expose_secret(), None)?;
    cookies.append(header::SET_COOKIE, session);
    let device = match device {
        Some(token) => desk.devices.keep(token, &agent.email, now).await?,
        None => desk.devices.remember(&agent.email, now).await?,
    };
    let age = Some(Devices::KNOWN_SECONDS);
    let device = DEVICE.set(&headers, base.as_deref(), device.expose_secret(), age)?;
    cookies.append(header::SET_COOKIE, device);
    Ok(response)
}

/// The agent whose address and password these are. A hash is computed beside the async workers;
/// whoever waits for it has a turn, so no other attempt is looked at meanwhile.
async fn verified(
    agents: &Arc<HumanAgents>,
    email: &str,
    password: String,
) -> Result<Option<Agent>> {
    if !agents.are_slow() {
        return Ok(agents.verify(email, &password).cloned());
    }
    let (agents, email) = (Arc::clone(agents), email.to_owned());
    let verify = move || agents.verify(&email, &password).cloned();
    let verified = tokio::task::spawn_blocking(verify).await;
    verified.map_err(|error| Error::internal(&error))
}

/// Refuses what is too long before anything is made of it.
fn fits(field: &str, text: &str, chars_max: usize) -> Result<()> {
    if text.chars().count() <= chars_max {
        return Ok(());
    }
    let detail = format!("`{field}` is too long: send at most {chars_max} characters");
    Err(Problem::new(ProblemId::InvalidField, detail).at(field).into())
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
    let cookie = SESSION.set(&headers, base.as_deref(), "", Some(0))?;
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
    let body = read_body(body, BODY_BYTES_MAX, SentBy::Known).await?;
    let available = desk::availability(&body)?;
    app.desk.presence.set(&signed.agent.email, available).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn answer(app: &App, agent: &Agent) -> Result<Response> {
    let presence = &app.desk.presence;
    let available = presence.wants_chats(&agent.email, app.clock.now()).await?;
    Ok(json(StatusCode::OK, &desk::Session { agent: view::agent(agent), available }))
}
