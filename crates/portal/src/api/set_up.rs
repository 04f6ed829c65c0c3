//! `/api/v1/set-up`: the first owner, by the one-time link that a start prints.

use std::sync::Arc;

use axum::{Extension, body::Body, extract::State, response::Response};
use edge::{
    base_path::BasePath,
    http::{SentBy, json},
    limits::Client,
};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::problem::{Problem, ProblemId};

use super::session;
use crate::{
    app::App,
    error::{Error, Result},
    http::read,
    people::{Link, NewUser},
};

#[derive(Serialize, ToSchema)]
pub(crate) struct SetUpState {
    /// Nobody owns this server yet.
    open: bool,
}

/// The first owner and the name of the organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// What the link has behind `#`.
    token: String,
    organization: String,
    name: String,
    email: String,
    password: String,
}

/// Whether somebody must set this server up
#[utoipa::path(
    get, path = "/set-up", tag = "set-up", operation_id = "readSetUp",
    responses(
        (status = 200, body = SetUpState, description = "Open or done"),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn show(State(app): State<Arc<App>>) -> Response {
    json(StatusCode::OK, &SetUpState { open: app.set_up.is_open() })
}

/// Become the first owner; signs in
#[utoipa::path(
    post, path = "/set-up", tag = "set-up", operation_id = "setUp",
    request_body = SetUp,
    responses(
        (status = 201, body = session::SignedIn, description = "You own this server"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 409, response = Problem),
        (status = 413, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn set_up(
    State(app): State<Arc<App>>,
    client: Client,
    base: Option<Extension<BasePath>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let SetUp { token, organization, name, email, password } = read(body, SentBy::Stranger).await?;
    let link = app.links.find(&token).await?;
    if link.is_none_or(|open| open.link != Link::SetUp) || !app.set_up.is_open() {
        client.failed_call()?;
        return Err(used());
    }
    if organization.trim().is_empty() {
        return Err(Error::field("organization", "`organization` is empty: give its name"));
    }
    let user = NewUser { email, name, password: SecretString::from(password) };
    let user = app.set_up.first_owner(&organization, user).await?.ok_or_else(used)?;
    let version = app.credentials.version(&user.id).await?.ok_or_else(used)?;
    session::begin(&app, &user, version, (&headers, base.as_deref()), StatusCode::CREATED).await
}

fn used() -> Error {
    let detail = "This link is used, too old, or not the one that the server printed last.";
    Error::new(ProblemId::Unauthorized, detail)
}
