//! `…/members`: who belongs to an organization, and as what.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    response::Response,
};
use directory::{Held, kind::Kind, rights::Role};
use edge::{
    http::{SentBy, json},
    time::rfc3339,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::problem::{Problem, ProblemId};

use super::session::name;
use crate::{
    app::App,
    error::{Error, Result},
    http::{Here, IfMatch, Page, PageQuery, read, with_version},
};

/// A member of the organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    /// The id of the user.
    id: String,
    email: String,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    /// Ids of the only bots that the member sees; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    bots: Option<Vec<String>>,
    version: u64,
    since: String,
}

/// What a member is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedMember {
    #[schema(value_type = String)]
    role: Role,
    bots: Option<Vec<String>>,
}

fn shown(app: &App, membership: &Held) -> Option<Member> {
    let current = app.directory.current();
    let user = current.get(Kind::User, membership.document.slug())?;
    let settings = membership.document.body();
    let bots = settings.get("bots").filter(|bots| !bots.is_null());
    Some(Member {
        id: user.id.to_string(),
        email: user.document.slug().to_owned(),
        name: name(user),
        role: serde_json::from_value(settings.get("role")?.clone()).ok()?,
        bots: bots.and_then(|bots| serde_json::from_value(bots.clone()).ok()),
        version: membership.document.version(),
        since: rfc3339(membership.document.created_at()),
    })
}

fn find(app: &App, here: &Here, user: &str) -> Result<(Held, Member)> {
    let current = app.directory.current();
    let held = current.find(here.id(), Kind::Membership, user);
    // Its own id is nobody's name for it.
    let held = held.filter(|held| held.document.slug() == user).ok_or_else(Error::not_found)?;
    let member = shown(app, held).ok_or_else(Error::not_found)?;
    Ok((held.clone(), member))
}

/// List the members, by the ids of their users
#[utoipa::path(
    get, path = "/organizations/{organization}/members", tag = "people",
    operation_id = "listMembers",
    params(("organization" = String, Path, description = "Id or slug"), PageQuery),
    responses(
        (status = 200, body = Page<Member>, description = "A page of them"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    here: Here,
    Query(query): Query<PageQuery>,
) -> Result<Response> {
    let current = app.directory.current();
    let members = current.list(here.id(), Kind::Membership, query.after());
    let members = members.filter_map(|held| shown(&app, held));
    let page = query.page(members, |member| member.id.clone())?;
    Ok(json(StatusCode::OK, &page))
}

/// Read a member
#[utoipa::path(
    get, path = "/organizations/{organization}/members/{user}", tag = "people",
    operation_id = "readMember",
    params(
        ("organization" = String, Path, description = "Id or slug"),
        ("user" = String, Path, description = "Id of the user"),
    ),
    responses(
        (status = 200, body = Member, description = "The member"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    here: Here,
    Path((_, user)): Path<(String, String)>,
) -> Result<Response> {
    let (_, member) = find(&app, &here, &user)?;
    Ok(with_version(json(StatusCode::OK, &member), member.version))
}

/// Give a member another role
#[utoipa::path(
    put, path = "/organizations/{organization}/members/{user}", tag = "people",
    operation_id = "changeMember",
    params(
        ("organization" = String, Path, description = "Id or slug"),
        ("user" = String, Path, description = "Id of the user"),
        ("If-Match" = String, Header, description = "`ETag` of what you have seen"),
    ),
    request_body = ChangedMember,
    responses(
        (status = 200, body = Member, description = "As it is now"),
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
    Path((_, user)): Path<(String, String)>,
    IfMatch(seen): IfMatch,
    body: Body,
) -> Result<Response> {
    let ChangedMember { role, bots } = read(body, SentBy::Known).await?;
    let (held, member) = find(&app, &here, &user)?;
    may_change(&app, &here, &member, Some(role))?;
    let mut settings = directory::document::Body::new();
    settings.insert("role".to_owned(), serde_json::json!(role));
    if let Some(bots) = bots {
        settings.insert("bots".to_owned(), serde_json::json!(bots));
    }
    let held = app.directory.change(&held, seen, settings, here.author(), None).await?;
    let member = shown(&app, &held).ok_or_else(Error::not_found)?;
    Ok(with_version(json(StatusCode::OK, &member), member.version))
}

/// Take a member out of the organization
#[utoipa::path(
    delete, path = "/organizations/{organization}/members/{user}", tag = "people",
    operation_id = "removeMember",
    params(
        ("organization" = String, Path, description = "Id or slug"),
        ("user" = String, Path, description = "Id of the user"),
        ("If-Match" = String, Header, description = "`ETag` of what you have seen"),
    ),
    responses(
        (status = 204, description = "The user is no member any more"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = 409, response = Problem), (status = 412, response = Problem),
        (status = 428, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    here: Here,
    Path((_, user)): Path<(String, String)>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode> {
    let (held, member) = find(&app, &here, &user)?;
    may_change(&app, &here, &member, None)?;
    app.directory.remove(&held, seen, here.author()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Only owners touch owners, and an organization keeps one.
fn may_change(app: &App, here: &Here, member: &Member, to: Option<Role>) -> Result<()> {
    if !here.role.may_give(member.role) || to.is_some_and(|to| !here.role.may_give(to)) {
        return Err(Error::new(ProblemId::Forbidden, "Only an owner makes and unmakes owners."));
    }
    if member.role != Role::Owner || to == Some(Role::Owner) {
        return Ok(());
    }
    let current = app.directory.current();
    let owners = current.list(here.id(), Kind::Membership, "");
    let owners = owners.filter_map(|held| shown(app, held));
    if owners.filter(|member| member.role == Role::Owner).count() > 1 {
        return Ok(());
    }
    let detail = "This is the last owner: make somebody else an owner first.";
    Err(Error::new(ProblemId::Forbidden, detail))
}
