//! `…/apply` and `…/export`: all documents of an organization at once, in the form of the
//! configuration file.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Query, State},
    response::Response,
};
use directory::{
    New,
    apply::{Difference, TABLES, What, table},
    kind::Kind,
};
use edge::http::{SentBy, json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use wire::problem::{Problem, ProblemId};

use super::documents::Change;
use crate::{
    app::App,
    error::{Error, Result},
    http::{Here, read},
};

/// What is to be set. Each table is as in the configuration file, with secrets as text, as
/// `{"hash"}`, or as they are shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Apply {
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
    /// Also remove what is not named, of the kinds that have a table here.
    #[serde(default)]
    prune: bool,
    #[schema(value_type = Option<Vec<Object>>)]
    bots: Option<Vec<Map<String, Value>>>,
    #[schema(value_type = Option<Vec<Object>>)]
    routes: Option<Vec<Map<String, Value>>>,
    #[schema(value_type = Option<Object>)]
    connectors: Option<Map<String, Value>>,
    #[schema(value_type = Option<Vec<Object>>)]
    agents: Option<Vec<Map<String, Value>>>,
}

/// What changed, or would change.
#[derive(Serialize, ToSchema)]
pub(crate) struct Applied {
    changes: Vec<AppliedChange>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AppliedChange {
    /// As in `bots`, `routes`, `connectors`, `agents`.
    table: &'static str,
    id: String,
    /// `created`, `changed` or `removed`.
    #[schema(value_type = String)]
    what: What,
    /// The settings that differ, without secrets.
    settings: Vec<Change>,
}

/// All documents, in the form of the configuration file.
#[derive(Serialize, ToSchema)]
pub(crate) struct Exported {
    #[schema(value_type = Vec<Object>)]
    bots: Vec<Map<String, Value>>,
    #[schema(value_type = Vec<Object>)]
    routes: Vec<Map<String, Value>>,
    #[schema(value_type = Object)]
    connectors: Map<String, Value>,
    #[schema(value_type = Vec<Object>)]
    agents: Vec<Map<String, Value>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    /// `shown` gives of a secret only how it ends; `sealed` gives it as it is stored, which only
    /// an installation with the same keyring can open. `shown` when absent.
    secrets: Option<String>,
}

impl From<Difference> for AppliedChange {
    fn from(difference: Difference) -> Self {
        let Difference { kind, id, what, changes } = difference;
        let settings = changes.into_iter().map(Change::from).collect();
        Self { table: table(kind), id, what, settings }
    }
}

/// Set many documents; the same set again changes nothing
#[utoipa::path(
    post, path = "/organizations/{organization}/apply", tag = "settings",
    operation_id = "apply",
    params(("organization" = String, Path, description = "Id or slug")),
    request_body = Apply,
    responses(
        (status = 200, body = Applied, description = "What changed, or would change"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = 409, response = Problem), (status = 412, response = Problem),
        (status = 413, response = Problem), (status = 422, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn apply(State(app): State<Arc<App>>, here: Here, body: Body) -> Result<Response> {
    let Apply { dry_run, prune, bots, routes, connectors, agents } =
        read(body, SentBy::Known).await?;
    if here.bots.is_some() {
        let detail = "You see some bots only: ask somebody who sees all of them.";
        return Err(Error::new(ProblemId::Forbidden, detail));
    }
    let (mut documents, mut kinds) = (Vec::new(), Vec::new());
    let named = [(Kind::Bot, bots), (Kind::Route, routes), (Kind::Agent, agents)];
    for (kind, entries) in named {
        let Some(entries) = entries else { continue };
        kinds.push(kind);
        for (index, entry) in entries.into_iter().enumerate() {
            documents.push(named_by_itself(kind, index, entry)?);
        }
    }
    if let Some(connectors) = connectors {
        kinds.push(Kind::Connector);
        for (id, settings) in connectors {
            let Value::Object(settings) = settings else {
                return Err(Error::field(format!("connectors.{id}"), "give a table"));
            };
            documents.push(document(Kind::Connector, &id, settings));
        }
    }
    // What others lead to comes first.
    documents.sort_by_key(|new| TABLES.iter().position(|(_, kind)| *kind == new.kind));
    let prune = if prune { kinds } else { Vec::new() };
    let differences = if dry_run {
        app.directory.differences(here.id(), &documents, &prune)?
    } else {
        app.directory.apply(here.id(), documents, &prune, &here.author()).await?
    };
    let changes = differences.into_iter().map(AppliedChange::from).collect();
    Ok(json(StatusCode::OK, &Applied { changes }))
}

fn named_by_itself(kind: Kind, index: usize, mut entry: Map<String, Value>) -> Result<New> {
    let key = if kind == Kind::Agent { "email" } else { "id" };
    let name = match kind {
        Kind::Agent => entry.get(key).cloned(),
        _ => entry.shift_remove(key),
    };
    let name = name.as_ref().and_then(Value::as_str);
    let Some(name) = name else {
        let field = format!("{}[{index}].{key}", table(kind));
        return Err(Problem::new(ProblemId::MissingField, format!("`{key}` is missing"))
            .at(field)
            .into());
    };
    Ok(document(kind, name, entry))
}

fn document(kind: Kind, name: &str, settings: Map<String, Value>) -> New {
    New { kind, id: Some(name.to_owned()), slug: name.to_owned(), settings }
}

/// Read all documents
#[utoipa::path(
    get, path = "/organizations/{organization}/export", tag = "settings",
    operation_id = "export",
    params(("organization" = String, Path, description = "Id or slug"), ExportQuery),
    responses(
        (status = 200, body = Exported, description = "As `apply` takes it"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    here: Here,
    Query(query): Query<ExportQuery>,
) -> Result<Response> {
    let is_sealed = match query.secrets.as_deref() {
        None | Some("shown") => false,
        Some("sealed") => true,
        Some(_) => return Err(Error::field("secrets", "`secrets` is `shown` or `sealed`")),
    };
    let current = app.directory.current();
    let of = |kind| -> Result<Vec<Map<String, Value>>> {
        let held = current.list(here.id(), kind, "");
        let seen = held.filter(|held| kind != Kind::Bot || here.sees_bot(&held.id));
        seen.map(|held| {
            let mut entry = Map::new();
            if kind != Kind::Agent {
                entry.insert("id".to_owned(), Value::from(&*held.id));
            }
            let settings = if is_sealed {
                (**held.document.body()).clone()
            } else {
                app.directory.shown(held)?
            };
            entry.extend(settings);
            Ok(entry)
        })
        .collect()
    };
    let connectors = of(Kind::Connector)?.into_iter().filter_map(|mut entry| {
        let id = entry.shift_remove("id")?.as_str()?.to_owned();
        Some((id, Value::Object(entry)))
    });
    let exported = Exported {
        bots: of(Kind::Bot)?,
        routes: of(Kind::Route)?,
        connectors: connectors.collect(),
        agents: of(Kind::Agent)?,
    };
    Ok(json(StatusCode::OK, &exported))
}
