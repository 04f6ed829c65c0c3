//! Bots, routes, connectors and human agents: documents, all with the same endpoints.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    response::Response,
};
use directory::{Held, New, author::Author, document::Event, kind::Kind, trail::FieldChange};
use edge::{
    http::{SentBy, json},
    time::rfc3339,
};
use http::StatusCode;
use machine::Recorded;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wire::problem::Problem;

use crate::{
    app::App,
    error::{Error, Result},
    http::{Here, IfMatch, Page, PageQuery, read, with_version},
};

/// A document with its settings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    /// Never changes.
    id: String,
    /// The organization's own name for it.
    slug: String,
    /// Counts the changes; the `ETag` of an answer, for `If-Match`.
    version: u64,
    /// As the schema of the kind says. A secret is shown as `{"stored","ends"}`, and may be given
    /// back so.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// The configuration file of the server sets it, so it is read-only here.
    managed_by_file: bool,
    /// Why it cannot be used as it is. What was built of it before stays in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    created_at: String,
    changed_at: String,
    changed_by: By,
}

/// Who made a change.
#[derive(Serialize, ToSchema)]
pub(crate) struct By {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    by: directory::author::By,
    /// The address of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
}

/// A document to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDocument {
    /// Made when absent. It becomes part of addresses and never changes.
    id: Option<String>,
    slug: String,
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// The new settings of a document, all of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedDocument {
    /// Stays when absent.
    slug: Option<String>,
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// One version in the history of a document.
#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    version: u64,
    at: String,
    by: By,
    /// `created`, `changed`, `renamed`, `removed` or `restored`.
    what: &'static str,
    changes: Vec<Change>,
}

/// One setting before and after, as JSON text; a secret shows only how it ends.
#[derive(Serialize, ToSchema)]
pub(crate) struct Change {
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// The version to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollBack {
    #[schema(minimum = 1)]
    version: u64,
}

impl From<&Author> for By {
    fn from(author: &Author) -> Self {
        Self { by: author.by.clone(), address: author.address.clone() }
    }
}

impl From<FieldChange> for Change {
    fn from(change: FieldChange) -> Self {
        let FieldChange { field, before, after } = change;
        Self { field, before, after }
    }
}

impl Version {
    fn of(recorded: Recorded<Event>) -> Option<Self> {
        let by = By::from(recorded.event.author()?);
        let (what, changes) = match recorded.event {
            Event::Created { changes, .. } => ("created", changes),
            Event::Changed { changes, .. } => ("changed", changes),
            Event::Renamed { slug, before, .. } => {
                let quoted = |text: String| Some(Value::from(text).to_string());
                let (before, after) = (quoted(before), quoted(slug));
                ("renamed", vec![FieldChange { field: "slug".to_owned(), before, after }])
            }
            Event::Removed { .. } => ("removed", Vec::new()),
            Event::Restored { changes, .. } => ("restored", changes),
            Event::Audited { .. } => return None,
        };
        let changes = changes.into_iter().map(Change::from).collect();
        let at = rfc3339(recorded.at);
        Some(Self { version: recorded.position.seq, at, by, what, changes })
    }
}

fn shown(app: &App, held: &Held) -> Result<Document> {
    Ok(Document {
        id: held.id.to_string(),
        slug: held.document.slug().to_owned(),
        version: held.document.version(),
        settings: app.directory.shown(held)?,
        managed_by_file: held.is_managed(),
        problem: app.directory.broken(held).map(|reason| reason.to_string()),
        created_at: rfc3339(held.document.created_at()),
        changed_at: rfc3339(held.document.changed_at()),
        changed_by: By::from(held.document.author()),
    })
}

fn answer(app: &App, status: StatusCode, held: &Held) -> Result<Response> {
    let version = held.document.version();
    Ok(with_version(json(status, &shown(app, held)?), version))
}

/// A document of this organization that the caller sees, by its id or its slug.
fn find(app: &App, here: &Here, kind: Kind, name: &str) -> Result<Held> {
    let current = app.directory.current();
    let held = current.find(here.id(), kind, name).ok_or_else(Error::not_found)?;
    if kind == Kind::Bot && !here.sees_bot(&held.id) {
        return Err(Error::not_found());
    }
    Ok(held.clone())
}

fn list(app: &App, here: &Here, kind: Kind, query: &PageQuery) -> Result<Response> {
    let current = app.directory.current();
    let seen = current
        .list(here.id(), kind, query.after())
        .filter(|held| kind != Kind::Bot || here.sees_bot(&held.id));
    let page = query.page(seen, |held| held.document.slug().to_owned())?;
    let items = page.items.into_iter().map(|held| shown(app, held)).collect::<Result<_>>()?;
    Ok(json(StatusCode::OK, &Page { items, next: page.next }))
}

async fn create(app: &App, here: &Here, kind: Kind, body: Body) -> Result<Response> {
    let NewDocument { id, slug, settings } = read(body, SentBy::Known).await?;
    if let Some(id) = &id {
        let plain = directory::settings::identifier("id", id);
        plain.map_err(|wrong| Error::field("id", wrong.detail))?;
    }
    if kind == Kind::Bot && here.bots.is_some() {
        let detail = "You see some bots only: ask somebody who sees all of them.";
        return Err(Error::new(wire::problem::ProblemId::Forbidden, detail));
    }
    let new = New { kind, id, slug, settings };
    let held = app.directory.create(here.id(), new, here.author(), None).await?;
    answer(app, StatusCode::CREATED, &held)
}

async fn change(
    app: &App,
    here: &Here,
    (kind, name): (Kind, &str),
    IfMatch(seen): IfMatch,
    body: Body,
) -> Result<Response> {
    let ChangedDocument { slug, settings } = read(body, SentBy::Known).await?;
    let held = find(app, here, kind, name)?;
    let mut held = app.directory.change(&held, seen, settings, here.author(), None).await?;
    if let Some(slug) = slug.filter(|slug| slug != held.document.slug()) {
        let seen = directory::document::Seen::Version(held.document.version());
        held = app.directory.rename(&held, seen, &slug, here.author()).await?;
    }
    answer(app, StatusCode::OK, &held)
}

async fn remove(
    app: &App,
    here: &Here,
    (kind, name): (Kind, &str),
    IfMatch(seen): IfMatch,
) -> Result<StatusCode> {
    let held = find(app, here, kind, name)?;
    app.directory.remove(&held, seen, here.author()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn versions(
    app: &App,
    here: &Here,
    (kind, name): (Kind, &str),
    query: &PageQuery,
) -> Result<Response> {
    let held = find(app, here, kind, name)?;
    let after = match query.after() {
        "" => 0,
        after => after.parse().map_err(|_| Error::field("after", "`after` is no cursor"))?,
    };
    let limit = query.limit()?;
    let history = app.directory.history(&held, after).await?;
    let is_last = history.len() < directory::HISTORY_PAGE_MAX;
    let events = history.into_iter().filter_map(Version::of);
    let mut page = query.page(events, |version| version.version.to_string())?;
    if page.next.is_none() && !is_last && page.items.len() < limit {
        page.next = page.items.last().map(|version| version.version.to_string());
    }
    Ok(json(StatusCode::OK, &page))
}

async fn roll_back(
    app: &App,
    here: &Here,
    (kind, name): (Kind, &str),
    IfMatch(seen): IfMatch,
    body: Body,
) -> Result<Response> {
    let RollBack { version } = read(body, SentBy::Known).await?;
    let held = find(app, here, kind, name)?;
    let held = app.directory.roll_back(&held, seen, version, here.author()).await?;
    answer(app, StatusCode::OK, &held)
}

/// The endpoints of one kind.
macro_rules! endpoints {
    ($module:ident, $kind:expr, $tag:tt, $list:tt, $one:tt, $versions:tt, $back:tt) => {
        pub(crate) mod $module {
            use super::*;

            const KIND: Kind = $kind;

            /// List them, by their slugs
            #[utoipa::path(
                get, path = $list, tag = $tag, operation_id = concat!("list_", $tag),
                params(("organization" = String, Path, description = "Id or slug"), PageQuery),
                responses(
                    (status = 200, body = Page<Document>, description = "A page of them"),
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
                super::list(&app, &here, KIND, &query)
            }

            /// Make one
            #[utoipa::path(
                post, path = $list, tag = $tag, operation_id = concat!("create_", $tag),
                params(("organization" = String, Path, description = "Id or slug")),
                request_body = NewDocument,
                responses(
                    (status = 201, body = Document, description = "It is made"),
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
                super::create(&app, &here, KIND, body).await
            }

            /// Read one
            #[utoipa::path(
                get, path = $one, tag = $tag, operation_id = concat!("read_", $tag),
                params(
                    ("organization" = String, Path, description = "Id or slug"),
                    ("document" = String, Path, description = "Id or slug"),
                ),
                responses(
                    (status = 200, body = Document, description = "The document"),
                    (status = 401, response = Problem), (status = 403, response = Problem),
                    (status = 404, response = Problem), (status = "default", response = Problem),
                ),
            )]
            pub(crate) async fn show(
                State(app): State<Arc<App>>,
                here: Here,
                Path((_, name)): Path<(String, String)>,
            ) -> Result<Response> {
                answer(&app, StatusCode::OK, &find(&app, &here, KIND, &name)?)
            }

            /// Change one: give all its settings
            #[utoipa::path(
                put, path = $one, tag = $tag, operation_id = concat!("change_", $tag),
                params(
                    ("organization" = String, Path, description = "Id or slug"),
                    ("document" = String, Path, description = "Id or slug"),
                    ("If-Match" = String, Header, description = "`ETag` of what you have seen"),
                ),
                request_body = ChangedDocument,
                responses(
                    (status = 200, body = Document, description = "As it is now"),
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
                Path((_, name)): Path<(String, String)>,
                seen: IfMatch,
                body: Body,
            ) -> Result<Response> {
                super::change(&app, &here, (KIND, &name), seen, body).await
            }

            /// Remove one; its history stays
            #[utoipa::path(
                delete, path = $one, tag = $tag, operation_id = concat!("remove_", $tag),
                params(
                    ("organization" = String, Path, description = "Id or slug"),
                    ("document" = String, Path, description = "Id or slug"),
                    ("If-Match" = String, Header, description = "`ETag` of what you have seen"),
                ),
                responses(
                    (status = 204, description = "It is removed"),
                    (status = 400, response = Problem), (status = 401, response = Problem),
                    (status = 403, response = Problem), (status = 404, response = Problem),
                    (status = 409, response = Problem), (status = 412, response = Problem),
                    (status = 428, response = Problem), (status = "default", response = Problem),
                ),
            )]
            pub(crate) async fn remove(
                State(app): State<Arc<App>>,
                here: Here,
                Path((_, name)): Path<(String, String)>,
                seen: IfMatch,
            ) -> Result<StatusCode> {
                super::remove(&app, &here, (KIND, &name), seen).await
            }

            /// Its history: who changed what when
            #[utoipa::path(
                get, path = $versions, tag = $tag, operation_id = concat!("versions_", $tag),
                params(
                    ("organization" = String, Path, description = "Id or slug"),
                    ("document" = String, Path, description = "Id or slug"),
                    PageQuery,
                ),
                responses(
                    (status = 200, body = Page<Version>, description = "Oldest first"),
                    (status = 400, response = Problem), (status = 401, response = Problem),
                    (status = 403, response = Problem), (status = 404, response = Problem),
                    (status = "default", response = Problem),
                ),
            )]
            pub(crate) async fn versions(
                State(app): State<Arc<App>>,
                here: Here,
                Path((_, name)): Path<(String, String)>,
                Query(query): Query<PageQuery>,
            ) -> Result<Response> {
                super::versions(&app, &here, (KIND, &name), &query).await
            }

            /// Go back to the settings of an earlier version, which makes a new one
            #[utoipa::path(
                post, path = $back, tag = $tag, operation_id = concat!("roll_back_", $tag),
                params(
                    ("organization" = String, Path, description = "Id or slug"),
                    ("document" = String, Path, description = "Id or slug"),
                    ("If-Match" = String, Header, description = "`ETag` of what you have seen"),
                ),
                request_body = RollBack,
                responses(
                    (status = 200, body = Document, description = "As it is now"),
                    (status = 400, response = Problem), (status = 401, response = Problem),
                    (status = 403, response = Problem), (status = 404, response = Problem),
                    (status = 409, response = Problem), (status = 412, response = Problem),
                    (status = 428, response = Problem), (status = "default", response = Problem),
                ),
            )]
            pub(crate) async fn roll_back(
                State(app): State<Arc<App>>,
                here: Here,
                Path((_, name)): Path<(String, String)>,
                seen: IfMatch,
                body: Body,
            ) -> Result<Response> {
                super::roll_back(&app, &here, (KIND, &name), seen, body).await
            }
        }
    };
}

endpoints!(
    bots,
    Kind::Bot,
    "bots",
    "/organizations/{organization}/bots",
    "/organizations/{organization}/bots/{document}",
    "/organizations/{organization}/bots/{document}/versions",
    "/organizations/{organization}/bots/{document}/roll-back"
);
endpoints!(
    routes,
    Kind::Route,
    "routes",
    "/organizations/{organization}/routes",
    "/organizations/{organization}/routes/{document}",
    "/organizations/{organization}/routes/{document}/versions",
    "/organizations/{organization}/routes/{document}/roll-back"
);
endpoints!(
    connectors,
    Kind::Connector,
    "connectors",
    "/organizations/{organization}/connectors",
    "/organizations/{organization}/connectors/{document}",
    "/organizations/{organization}/connectors/{document}/versions",
    "/organizations/{organization}/connectors/{document}/roll-back"
);
endpoints!(
    agents,
    Kind::Agent,
    "agents",
    "/organizations/{organization}/agents",
    "/organizations/{organization}/agents/{document}",
    "/organizations/{organization}/agents/{document}/versions",
    "/organizations/{organization}/agents/{document}/roll-back"
);
