//! `…/api-keys`: keys with which programs use this API. A key is shown once.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    response::Response,
};
use directory::{Held, New, document::Seen, kind::Kind, rights::Role};
use edge::{
    http::{SentBy, json},
    ids,
    time::{parse_rfc3339, rfc3339},
};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::problem::{Problem, ProblemId};

use crate::{
    app::App,
    error::{Error, Result},
    http::{Here, Page, PageQuery, read},
};

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewApiKey {
    /// Says what uses it.
    name: String,
    #[schema(value_type = String)]
    role: Role,
    /// Ids of the only bots that the key sees; all when absent.
    bots: Option<Vec<String>>,
    /// RFC 3339; never when absent.
    expires_at: Option<String>,
}

/// A key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    id: String,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    bots: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    created_at: String,
    /// Its last four characters.
    ends: String,
    /// When it was used last, as far as this is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// Only in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

async fn shown(app: &App, held: &Held, key: Option<String>) -> Result<ApiKey> {
    let body = held.document.body();
    let read = |name: &str| body.get(name).filter(|value| !value.is_null()).cloned();
    let role = read("role").and_then(|role| serde_json::from_value(role).ok());
    let text = |value: Option<serde_json::Value>| value?.as_str().map(str::to_owned);
    let ends = read("secret").and_then(|secret| text(secret.get("ends").cloned()));
    Ok(ApiKey {
        id: held.id.to_string(),
        name: held.document.slug().to_owned(),
        role: role.ok_or_else(Error::not_found)?,
        bots: read("bots").and_then(|bots| serde_json::from_value(bots).ok()),
        expires_at: text(read("expires_at")),
        created_at: rfc3339(held.document.created_at()),
        ends: ends.unwrap_or_default(),
        last_used_at: app.key_uses.last(&held.id).await?.map(rfc3339),
        key,
    })
}

/// List the keys, by their names
#[utoipa::path(
    get, path = "/organizations/{organization}/api-keys", tag = "api-keys",
    operation_id = "listApiKeys",
    params(("organization" = String, Path, description = "Id or slug"), PageQuery),
    responses(
        (status = 200, body = Page<ApiKey>, description = "A page of them"),
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
    let keys = current.list(here.id(), Kind::ApiKey, query.after());
    let page = query.page(keys, |held| held.document.slug().to_owned())?;
    let mut items = Vec::new();
    for held in page.items {
        items.push(shown(&app, held, None).await?);
    }
    Ok(json(StatusCode::OK, &Page { items, next: page.next }))
}

/// Make a key; the answer shows it once
#[utoipa::path(
    post, path = "/organizations/{organization}/api-keys", tag = "api-keys",
    operation_id = "createApiKey",
    params(("organization" = String, Path, description = "Id or slug")),
    request_body = NewApiKey,
    responses(
        (status = 201, body = ApiKey, description = "With the key itself"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = 409, response = Problem), (status = 413, response = Problem),
        (status = 422, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    here: Here,
    body: Body,
) -> Result<Response> {
    let NewApiKey { name, role, bots, expires_at } = read(body, SentBy::Known).await?;
    if !here.role.may_give(role) {
        let detail = "No key may do more than you: give it another role.";
        return Err(Error::new(ProblemId::Forbidden, detail));
    }
    if let Some(at) = expires_at.as_deref()
        && parse_rfc3339(at).is_none_or(|at| at <= app.clock.now())
    {
        let detail = "`expiresAt` is no time to come: give one such as 2027-01-31T00:00:00Z";
        return Err(Error::field("expiresAt", detail));
    }
    let letters = ids::random_id("key");
    let letters = letters.trim_start_matches("key_");
    let key = ids::new_secret(&format!("bak_{letters}"));
    let mut settings = directory::document::Body::new();
    settings.insert("role".to_owned(), serde_json::json!(role));
    settings.insert("secret".to_owned(), key.expose_secret().into());
    if let Some(bots) = bots.or_else(|| here.bots.as_ref().map(|bots| bots.to_vec())) {
        settings.insert("bots".to_owned(), serde_json::json!(bots));
    }
    if let Some(at) = expires_at {
        settings.insert("expires_at".to_owned(), at.into());
    }
    let id = Some(format!("key_{letters}"));
    let new = New { kind: Kind::ApiKey, id, slug: name, settings };
    let held = app.directory.create(here.id(), new, here.author(), None).await?;
    let key = key.expose_secret().to_owned();
    Ok(json(StatusCode::CREATED, &shown(&app, &held, Some(key)).await?))
}

/// End a key; the next call with it is refused
#[utoipa::path(
    delete, path = "/organizations/{organization}/api-keys/{key}", tag = "api-keys",
    operation_id = "endApiKey",
    params(
        ("organization" = String, Path, description = "Id or slug"),
        ("key" = String, Path, description = "Id or name"),
    ),
    responses(
        (status = 204, description = "It is over"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    here: Here,
    Path((_, key)): Path<(String, String)>,
) -> Result<StatusCode> {
    let current = app.directory.current();
    let held = current.find(here.id(), Kind::ApiKey, &key).ok_or_else(Error::not_found)?;
    app.directory.remove(held, Seen::Any, here.author()).await?;
    Ok(StatusCode::NO_CONTENT)
}
