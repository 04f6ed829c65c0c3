//! `/api/v1/session` and `/api/v1/sessions`: signing in and out, and what a person is and may do.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use directory::{Held, INSTALLATION, kind::Kind, rights::Right};
use edge::{
    base_path::BasePath,
    http::{SentBy, json},
    limits::{Client, SignIn as Attempt},
    time::rfc3339,
};
use http::{HeaderMap, StatusCode, header};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::problem::{Problem, ProblemId};

use crate::{
    app::App,
    error::{Error, Result},
    http::{Caller, DEVICE, SESSION, read},
    people::{Proof, Proven, find_user, folded},
};

/// A mail address, a password, and a code where a second factor is on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    /// Six digits of the authenticator app, or a recovery code.
    code: Option<String>,
}

/// Who is signed in, and where.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedIn {
    user: Person,
    organizations: Vec<Place>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    id: String,
    email: String,
    name: String,
    second_factor: bool,
}

/// What the user is and may do in one organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct Place {
    id: String,
    slug: String,
    name: String,
    role: String,
    /// Names of rights.
    rights: Vec<String>,
}

/// A session of one's own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnSession {
    id: String,
    since: String,
    seen_at: String,
    browser: String,
    /// The one that asks.
    current: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OwnSessions {
    items: Vec<OwnSession>,
}

/// Sign in; sets the cookie
#[utoipa::path(
    post, path = "/session", tag = "session", operation_id = "signInPortal",
    request_body = SignIn,
    responses(
        (status = 201, body = SignedIn, description = "Signed in"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 413, response = Problem),
        (status = 429, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    client: Client,
    base: Option<Extension<BasePath>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let SignIn { email, password, code } = read(body, SentBy::Stranger).await?;
    let account = folded(&email);
    let user = find_user(&app.directory, &account);
    let device = DEVICE.token(&headers);
    let place = device.as_ref().map(|token| device_place(&account, token.expose_secret()));
    let is_known = match &place {
        Some(place) => app.store.record(DEVICES, place, app.clock.now()).await?.is_some(),
        None => false,
    };
    let device = device.as_ref().filter(|_| is_known).map(ExposeSecret::expose_secret);
    let attempt = Attempt { client: &client, account: &account, device };
    let turn = app.credentials.turn(device.is_some()).await?;
    attempt.may_be_made()?;
    let proof = Proof { password, code };
    let id = user.as_ref().map(|user| &*user.id);
    match (app.credentials.prove(&turn, id, proof, app.clock.now()).await?, &user) {
        (Proven::Yes(version), Some(user)) if !is_disabled(user) => {
            begin(&app, user, version, (&headers, base.as_deref()), StatusCode::CREATED).await
        }
        (Proven::NeedsCode, _) => {
            let detail = "Send the code of your authenticator app as `code`.";
            Err(Error::new(ProblemId::CodeNeeded, detail))
        }
        _ => {
            attempt.failed();
            let detail = "The email address, the password or the code is wrong.";
            Err(Error::new(ProblemId::Unauthorized, detail))
        }
    }
}

const DEVICES: &str = "portal-device";
/// How long a browser is known, in seconds.
const DEVICE_SECONDS: i64 = 180 * 24 * 60 * 60;

fn device_place(account: &str, token: &str) -> String {
    edge::secrets::hash_hex(&format!("{account}\n{token}"))
}

fn is_disabled(user: &Held) -> bool {
    user.document.body().get("disabled").and_then(serde_json::Value::as_bool) == Some(true)
}

/// Opens a session and answers with it.
pub(super) async fn begin(
    app: &App,
    user: &Held,
    version: String,
    (headers, base): (&HeaderMap, Option<&BasePath>),
    status: StatusCode,
) -> Result<Response> {
    let (now, agent) = (app.clock.now(), headers.get(header::USER_AGENT));
    let browser = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let token = app.sessions.open(&user.id, version, browser, now).await?;
    let mut response = json(status, &signed_in(app, user).await?);
    let cookies = response.headers_mut();
    let session = SESSION.set(headers, base, token.expose_secret(), None)?;
    cookies.append(header::SET_COOKIE, session);
    let device = DEVICE.token(headers).unwrap_or_else(|| edge::ids::new_secret("bpd"));
    let place = device_place(user.document.slug(), device.expose_secret());
    let until = now + DEVICE_SECONDS * 1_000;
    app.store.put_record(DEVICES, &place, "", Some(until)).await?;
    let device = DEVICE.set(headers, base, device.expose_secret(), Some(DEVICE_SECONDS))?;
    cookies.append(header::SET_COOKIE, device);
    Ok(response)
}

async fn signed_in(app: &App, user: &Held) -> Result<SignedIn> {
    let current = app.directory.current();
    let second_factor = app.credentials.has_totp(&user.id).await?;
    let organizations = current.list(INSTALLATION, Kind::Organization, "");
    let organizations = organizations.filter_map(|organization| {
        let membership = current.find(&organization.id, Kind::Membership, &user.id)?;
        let role = membership.document.body().get("role")?.clone();
        let role: directory::rights::Role = serde_json::from_value(role).ok()?;
        let rights = Right::ALL.into_iter().filter(|right| role.may(*right));
        Some(Place {
            id: organization.id.to_string(),
            slug: organization.document.slug().to_owned(),
            name: name(organization),
            role: role.name().to_owned(),
            rights: rights.map(Right::name).collect(),
        })
    });
    Ok(SignedIn {
        user: Person {
            id: user.id.to_string(),
            email: user.document.slug().to_owned(),
            name: name(user),
            second_factor,
        },
        organizations: organizations.collect(),
    })
}

pub(super) fn name(held: &Held) -> String {
    let name = held.document.body().get("name").and_then(serde_json::Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// Who is signed in
#[utoipa::path(
    get, path = "/session", tag = "session", operation_id = "readPortalSession",
    responses(
        (status = 200, body = SignedIn, description = "The person of the cookie"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn show(State(app): State<Arc<App>>, caller: Caller) -> Result<Response> {
    let (user, _) = caller.person()?;
    Ok(json(StatusCode::OK, &signed_in(&app, user).await?))
}

/// Sign out
#[utoipa::path(
    delete, path = "/session", tag = "session", operation_id = "signOutPortal",
    responses(
        (status = 204, description = "The session is over"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    base: Option<Extension<BasePath>>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response> {
    let (user, session) = caller.person()?;
    app.sessions.end(&user.id, &session.id).await?;
    let cookie = SESSION.set(&headers, base.as_deref(), "", Some(0))?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// One's own sessions
#[utoipa::path(
    get, path = "/sessions", tag = "session", operation_id = "listSessions",
    responses(
        (status = 200, body = OwnSessions, description = "All that are open"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response> {
    let (user, session) = caller.person()?;
    let listed = app.sessions.list(&user.id, &session.version, app.clock.now()).await?;
    let items = listed.into_iter().map(|shown| OwnSession {
        current: shown.id == session.id,
        since: rfc3339(shown.since),
        seen_at: rfc3339(shown.seen),
        browser: shown.browser,
        id: shown.id,
    });
    Ok(json(StatusCode::OK, &OwnSessions { items: items.collect() }))
}

/// End one of one's own sessions
#[utoipa::path(
    delete, path = "/sessions/{session}", tag = "session", operation_id = "endSession",
    params(("session" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "It is over"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let (user, _) = caller.person()?;
    app.sessions.end(&user.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
