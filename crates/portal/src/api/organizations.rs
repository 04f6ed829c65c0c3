//! `/api/v1/organizations`: the tenants of this server.

use std::sync::Arc;

use axum::{body::Body, extract::State, response::Response};
use directory::{
    Held, INSTALLATION, New,
    document::{Body as Settings, Seen},
    kind::Kind,
    rights::{Right, Role},
};
use edge::http::{SentBy, json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wire::problem::Problem;

use super::session::name;
use crate::{
    app::App,
    error::Result,
    http::{Caller, Here, IfMatch, read, with_version},
};

/// An organization, and what the caller is in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Organization {
    id: String,
    slug: String,
    name: String,
    version: u64,
    role: String,
    /// Names of rights.
    rights: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganization {
    slug: String,
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedOrganization {
    /// Stays when absent.
    slug: Option<String>,
    name: String,
}

fn answer(status: StatusCode, organization: &Held, role: Role) -> Response {
    let rights = Right::ALL.into_iter().filter(|right| role.may(*right));
    let shown = Organization {
        id: organization.id.to_string(),
        slug: organization.document.slug().to_owned(),
        name: name(organization),
        version: organization.document.version(),
        role: role.name().to_owned(),
        rights: rights.map(Right::name).collect(),
    };
    with_version(json(status, &shown), shown.version)
}

fn settings(name: &str) -> Settings {
    json!({ "name": name }).as_object().cloned().unwrap_or_default()
}

/// Make an organization; the caller owns it
#[utoipa::path(
    post, path = "/organizations", tag = "organizations", operation_id = "createOrganization",
    request_body = NewOrganization,
    responses(
        (status = 201, body = Organization, description = "It is made"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 409, response = Problem),
        (status = 413, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<Response> {
    let NewOrganization { slug, name } = read(body, SentBy::Known).await?;
    let (user, _) = caller.person()?;
    let new = New { kind: Kind::Organization, id: None, slug, settings: settings(&name) };
    let made = app.directory.create(INSTALLATION, new, caller.author(), None).await?;
    let membership = New {
        kind: Kind::Membership,
        id: None,
        slug: user.id.to_string(),
        settings: json!({ "role": Role::Owner }).as_object().cloned().unwrap_or_default(),
    };
    app.directory.create(&made.id, membership, caller.author(), None).await?;
    Ok(answer(StatusCode::CREATED, &made, Role::Owner))
}

/// Read an organization
#[utoipa::path(
    get, path = "/organizations/{organization}", tag = "organizations",
    operation_id = "readOrganization",
    params(("organization" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Organization, description = "The organization"),
        (status = 401, response = Problem), (status = 404, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn show(here: Here) -> Response {
    answer(StatusCode::OK, &here.organization, here.role)
}

/// Rename an organization
#[utoipa::path(
    put, path = "/organizations/{organization}", tag = "organizations",
    operation_id = "changeOrganization",
    params(
        ("organization" = String, Path, description = "Id or slug"),
        ("If-Match" = String, Header, description = "`ETag` of what you have seen"),
    ),
    request_body = ChangedOrganization,
    responses(
        (status = 200, body = Organization, description = "As it is now"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = 409, response = Problem), (status = 412, response = Problem),
        (status = 413, response = Problem), (status = 428, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    here: Here,
    IfMatch(seen): IfMatch,
    body: Body,
) -> Result<Response> {
    let ChangedOrganization { slug, name } = read(body, SentBy::Known).await?;
    let (held, settings) = (&here.organization, settings(&name));
    let mut held = app.directory.change(held, seen, settings, here.author(), None).await?;
    if let Some(slug) = slug.filter(|slug| slug != held.document.slug()) {
        let seen = Seen::Version(held.document.version());
        held = app.directory.rename(&held, seen, &slug, here.author()).await?;
    }
    Ok(answer(StatusCode::OK, &held, here.role))
}
