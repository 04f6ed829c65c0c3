//! `…/audit`: who changed or read what. Entries are chained by their hashes.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    body::Body,
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use directory::trail::Entry;
use edge::{http::json, time::rfc3339};
use http::{StatusCode, header};
use machine::Recorded;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::problem::Problem;

use super::documents::{By, Change};
use crate::{
    app::App,
    error::{Error, Result},
    http::{Here, Page, PageQuery},
};

/// Most entries that one request looks at for those that fit its filters.
const LOOKED_AT_MAX: u64 = 10_000;

/// One entry of the trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    number: u64,
    at: String,
    by: By,
    /// For example `bot.changed`.
    action: String,
    /// What it was done to: a kind and an id.
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
    /// SHA-256 over this entry and the hash of the one before.
    hash: String,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many at most, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Only this action, or those that begin with it, such as `bot.`.
    action: Option<String>,
    /// Only what was done to this, such as `bot/support`.
    subject: Option<String>,
    /// Only what this user or key did: its id, mail address or name.
    by: Option<String>,
    /// Only entries from this time on (RFC 3339).
    since: Option<String>,
}

/// What the whole trail is exported as.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    /// `jsonl` or `csv`; `jsonl` when absent.
    format: Option<String>,
}

/// Whether the chain is whole.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verified {
    entries: u64,
    /// Where it breaks; absent when it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
}

impl From<Recorded<Entry>> for AuditEntry {
    fn from(recorded: Recorded<Entry>) -> Self {
        let Entry { act, hash } = recorded.event;
        Self {
            number: recorded.position.seq,
            at: rfc3339(recorded.at),
            by: By::from(&act.author),
            action: act.action,
            subject: act.subject,
            version: act.version,
            changes: act.changes.into_iter().map(Change::from).collect(),
            hash,
        }
    }
}

impl AuditQuery {
    fn fits(&self, recorded: &Recorded<Entry>, since: Option<i64>) -> bool {
        let act = &recorded.event.act;
        let by = |wanted: &String| match &act.author.by {
            directory::author::By::User { id, email } => wanted == id || wanted == email,
            directory::author::By::ApiKey { id, name } => wanted == id || wanted == name,
            _ => false,
        };
        self.action.as_ref().is_none_or(|wanted| act.action.starts_with(wanted.as_str()))
            && self.subject.as_ref().is_none_or(|wanted| act.subject == *wanted)
            && self.by.as_ref().is_none_or(by)
            && since.is_none_or(|since| recorded.at >= since)
    }
}

/// List entries, oldest first
#[utoipa::path(
    get, path = "/organizations/{organization}/audit", tag = "audit",
    operation_id = "listAudit",
    params(("organization" = String, Path, description = "Id or slug"), AuditQuery),
    responses(
        (status = 200, body = Page<AuditEntry>,
            description = "May hold fewer than asked for, and a `next` all the same"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    here: Here,
    Query(query): Query<AuditQuery>,
) -> Result<Response> {
    let paging = PageQuery { after: query.after.clone(), limit: query.limit };
    let limit = paging.limit()?;
    let mut after: u64 = match paging.after() {
        "" => 0,
        after => after.parse().map_err(|_| Error::field("after", "`after` is no cursor"))?,
    };
    let since = match query.since.as_deref() {
        Some(since) => Some(edge::time::parse_rfc3339(since).ok_or_else(|| {
            Error::field("since", "`since` is no time: give one such as 2026-12-01T00:00:00Z")
        })?),
        None => None,
    };
    let last = after.saturating_add(LOOKED_AT_MAX);
    let (mut items, mut is_end) = (Vec::new(), false);
    while items.len() < limit && after < last && !is_end {
        let entries = app.directory.auditor().entries(here.id(), after).await?;
        is_end = entries.is_empty();
        for entry in entries {
            if items.len() == limit {
                break;
            }
            after = entry.position.seq;
            if query.fits(&entry, since) {
                items.push(AuditEntry::from(entry));
            }
        }
    }
    let next = (!is_end).then(|| after.to_string());
    Ok(json(StatusCode::OK, &Page { items, next }))
}

/// Export the whole trail
#[utoipa::path(
    get, path = "/organizations/{organization}/audit/export", tag = "audit",
    operation_id = "exportAudit",
    params(("organization" = String, Path, description = "Id or slug"), ExportQuery),
    responses(
        (status = 200, description = "One entry in each line", body = String,
            content_type = "text/plain"),
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
    let is_csv = match query.format.as_deref() {
        None | Some("jsonl") => false,
        Some("csv") => true,
        Some(_) => return Err(Error::field("format", "`format` is `jsonl` or `csv`")),
    };
    let mut text = String::new();
    if is_csv {
        text.push_str("number,at,by,address,action,subject,version,changes,hash\n");
    }
    let mut after = 0;
    loop {
        let entries = app.directory.auditor().entries(here.id(), after).await?;
        let Some(last) = entries.last() else { break };
        after = last.position.seq;
        for entry in entries.into_iter().map(AuditEntry::from) {
            if is_csv { write_csv(&mut text, &entry) } else { write_json(&mut text, &entry)? }
        }
    }
    let name = if is_csv { "audit.csv" } else { "audit.jsonl" };
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from(text)).into_response())
}

fn write_json(text: &mut String, entry: &AuditEntry) -> Result<()> {
    let line = serde_json::to_string(entry).map_err(|error| Error::internal(&error))?;
    text.push_str(&line);
    text.push('\n');
    Ok(())
}

fn write_csv(text: &mut String, entry: &AuditEntry) {
    let by = serde_json::to_string(&entry.by).unwrap_or_default();
    let changes = serde_json::to_string(&entry.changes).unwrap_or_default();
    let version = entry.version.map(|version| version.to_string()).unwrap_or_default();
    let cells = [
        &entry.number.to_string(),
        &entry.at,
        &by,
        entry.by.address.as_deref().unwrap_or_default(),
        &entry.action,
        &entry.subject,
        &version,
        &changes,
        &entry.hash,
    ];
    let cells: Vec<String> = cells.into_iter().map(csv_cell).collect();
    // Writing to a text never fails.
    let _ = writeln!(text, "{}", cells.join(","));
}

/// Quoted, and never read as a formula by a spreadsheet.
fn csv_cell(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

/// Check the chain
#[utoipa::path(
    post, path = "/organizations/{organization}/audit/verify", tag = "audit",
    operation_id = "verifyAudit",
    params(("organization" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Verified, description = "Whole, or where it breaks"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn verify(State(app): State<Arc<App>>, here: Here) -> Result<Response> {
    let verified = match app.directory.auditor().verify(here.id()).await? {
        Ok(entries) => Verified { entries, broken: None },
        Err(broken) => Verified { entries: 0, broken: Some(broken.to_string()) },
    };
    Ok(json(StatusCode::OK, &verified))
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(csv_cell("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_cell("a \"b\""), "\"a \"\"b\"\"\"");
    }
}
