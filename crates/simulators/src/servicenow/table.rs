//! The Table API: `/api/now/table/{table}` and `…/{sys_id}`, with or without a version before
//! `table`. Every value is a string; a reference is an object unless the caller wants it plain.

use std::collections::HashMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query as Parameters, State as Shared},
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{HOST, LINK, LOCATION},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    Journal, ServiceNow, State, access::unauthenticated, failure, query::Query, records,
    records::Row,
};

type Names = HashMap<String, String>;

/// Rows of one answer, unless the caller says otherwise.
const LIMIT: usize = 10_000;

/// An authorized call: user and options.
struct Asked {
    table: String,
    base: String,
    parameters: Names,
}

impl Asked {
    fn new(
        tool: &ServiceNow,
        state: &State,
        path: &Names,
        parameters: Names,
        headers: &HeaderMap,
    ) -> Result<Self, Box<Response>> {
        if !state.is_user(&tool.0.options, headers) {
            return Err(Box::new(unauthenticated()));
        }
        let table = path.get("table").cloned().unwrap_or_default();
        if !records::is_table(&table) {
            let message = format!("Invalid table {table}");
            return Err(Box::new(failure(StatusCode::BAD_REQUEST, &message, "")));
        }
        if table == "sys_journal_field" && tool.0.options.journal == Journal::Forbidden {
            let detail = "Failed API level ACL Validation";
            return Err(Box::new(failure(StatusCode::FORBIDDEN, "User Not Authorized", detail)));
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Ok(Self { table, base: format!("http://{host}/api/now/table"), parameters })
    }

    fn number(&self, name: &str, otherwise: usize) -> usize {
        self.parameters.get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }

    fn flag(&self, name: &str) -> bool {
        self.parameters.get(name).is_some_and(|text| text == "true")
    }

    fn show(&self, state: &State, row: &Row) -> Value {
        let named = self.parameters.get("sysparm_fields").filter(|names| !names.is_empty());
        let fields: Vec<&str> = match named {
            Some(names) => names.split(',').map(str::trim).collect(),
            None => row.keys().map(String::as_str).collect(),
        };
        let known = |field: &&str| row.contains_key(field.split('.').next().unwrap_or_default());
        let shown = fields.into_iter().filter(known);
        shown
            .map(|field| (field.to_owned(), self.cell(state, row, field)))
            .collect::<Map<_, _>>()
            .into()
    }

    fn cell(&self, state: &State, row: &Row, field: &str) -> Value {
        let mode = self.parameters.get("sysparm_display_value").map_or("false", String::as_str);
        let is_journal = records::is_journal(&self.table, field);
        let value = if is_journal { String::new() } else { state.records.value(row, field) };
        let display = || state.records.display(&self.table, row, field);
        let plain = self.flag("sysparm_exclude_reference_link") || value.is_empty();
        let link = records::target(field)
            .filter(|_| !plain)
            .map(|target| format!("{}/{target}/{value}", self.base));
        match (mode, link) {
            ("true", Some(link)) => json!({ "display_value": display(), "link": link }),
            ("true", None) => json!(display()),
            ("all", Some(link)) => {
                json!({ "display_value": display(), "value": value, "link": link })
            }
            ("all", None) => json!({ "display_value": display(), "value": value }),
            (_, Some(link)) => json!({ "link": link, "value": value }),
            (_, None) => json!(value),
        }
    }
}

pub(super) async fn list(
    Shared(tool): Shared<ServiceNow>,
    Path(path): Path<Names>,
    Parameters(parameters): Parameters<Names>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let state = tool.lock();
    let asked = match Asked::new(&tool, &state, &path, parameters, &headers) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let rows = state.records.rows(&asked.table);
    let known = |field: &str| {
        let first = field.split('.').next().unwrap_or_default();
        rows.first().is_some_and(|row| row.contains_key(first))
    };
    let text = asked.parameters.get("sysparm_query").cloned().unwrap_or_default();
    let query = Query::parse(&text, known);
    let hidden = asked.table == "sys_journal_field" && tool.0.options.journal == Journal::Hidden;
    let value = |row: &Row, field: &str| state.records.value(row, field);
    let mut found: Vec<&Row> =
        rows.iter().filter(|row| !hidden && query.finds(|field| value(row, field))).collect();
    found.sort_by(|left, right| {
        query.order(|field| value(left, field), |field| value(right, field))
    });
    let (total, offset) = (found.len(), asked.number("sysparm_offset", 0));
    let limit = asked.number("sysparm_limit", LIMIT);
    if total == 0 && path.get("version").is_some_and(|version| version == "v1") {
        return not_found();
    }
    let page = found.into_iter().skip(offset).take(limit);
    let result: Vec<Value> = page.map(|row| asked.show(&state, row)).collect();
    let mut response = Json(json!({ "result": result })).into_response();
    let answer = response.headers_mut();
    answer.insert("x-total-count", HeaderValue::from(total));
    if let Ok(links) = HeaderValue::from_str(&links(&uri, &asked.base, total, offset, limit)) {
        answer.insert(LINK, links);
    }
    response
}

/// First, previous, next and last page.
fn links(uri: &Uri, base: &str, total: usize, offset: usize, limit: usize) -> String {
    let origin = base.split("/api/").next().unwrap_or_default();
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("sysparm_offset="))
        .collect();
    let link = |rel: &str, offset: usize| {
        let offset = format!("sysparm_offset={offset}");
        let query = kept.iter().copied().chain([offset.as_str()]).collect::<Vec<_>>().join("&");
        format!("<{origin}{}?{query}>;rel=\"{rel}\"", uri.path())
    };
    let mut links = vec![link("first", 0)];
    if offset > 0 {
        links.push(link("prev", offset.saturating_sub(limit)));
    }
    if offset + limit < total {
        links.push(link("next", offset + limit));
    }
    links.push(link("last", total.saturating_sub(1) / limit.max(1) * limit));
    links.join(",")
}

pub(super) async fn one(
    Shared(tool): Shared<ServiceNow>,
    Path(path): Path<Names>,
    Parameters(parameters): Parameters<Names>,
    headers: HeaderMap,
) -> Response {
    let state = tool.lock();
    let asked = match Asked::new(&tool, &state, &path, parameters, &headers) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    match state.records.find(&asked.table, &path["sys_id"]) {
        Some(row) => Json(json!({ "result": asked.show(&state, row) })).into_response(),
        None => not_found(),
    }
}

pub(super) async fn create(
    Shared(tool): Shared<ServiceNow>,
    Path(path): Path<Names>,
    Parameters(parameters): Parameters<Names>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = tool.0.options.time.now();
    let mut state = tool.lock();
    let asked = match Asked::new(&tool, &state, &path, parameters, &headers) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let Some(fields) = fields(&state, &asked, &body) else { return malformed() };
    let State { rng, records, .. } = &mut *state;
    let id = records.insert(rng, now, &tool.0.options.username, &asked.table, fields);
    let location = format!("{}/{}/{id}", asked.base, asked.table);
    let shown = state.records.find(&asked.table, &id).map(|row| asked.show(&state, row));
    let mut response = (StatusCode::CREATED, Json(json!({ "result": shown }))).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

pub(super) async fn update(
    Shared(tool): Shared<ServiceNow>,
    Path(path): Path<Names>,
    Parameters(parameters): Parameters<Names>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = tool.0.options.time.now();
    let mut state = tool.lock();
    let asked = match Asked::new(&tool, &state, &path, parameters, &headers) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let id = &path["sys_id"];
    let Some(row) = state.records.find(&asked.table, id) else { return not_found() };
    let closed = ["7", "8", "closed_complete", "closed_abandoned"];
    if row.get("state").is_some_and(|state| closed.contains(&state.as_str())) {
        let detail = "ACL Exception Update Failed due to security constraints";
        return failure(StatusCode::FORBIDDEN, "Operation Failed", detail);
    }
    let Some(fields) = fields(&state, &asked, &body) else { return malformed() };
    let State { rng, records, .. } = &mut *state;
    records.update(rng, now, &tool.0.options.username, &asked.table, id, fields);
    let shown = state.records.find(&asked.table, id).map(|row| asked.show(&state, row));
    Json(json!({ "result": shown })).into_response()
}

pub(super) async fn delete(
    Shared(tool): Shared<ServiceNow>,
    Path(path): Path<Names>,
    headers: HeaderMap,
) -> Response {
    let mut state = tool.lock();
    let asked = match Asked::new(&tool, &state, &path, Names::new(), &headers) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    if state.records.delete(&asked.table, &path["sys_id"]) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        not_found()
    }
}

/// The fields of a body: strings, with numbers and truth values taken as such.
fn fields(state: &State, asked: &Asked, body: &[u8]) -> Option<Row> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return None };
    let mut fields = Row::new();
    for (name, value) in body {
        let text = match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            Value::Object(reference) => reference.get("value")?.as_str()?.to_owned(),
            Value::Array(_) => return None,
            other => other.to_string(),
        };
        let by_name = asked.flag("sysparm_input_display_value");
        let named = records::target(&name)
            .filter(|_| by_name)
            .and_then(|table| state.records.rows(table).iter().find(|row| row["name"] == text));
        fields.insert(name, named.map_or(text, |row| row["sys_id"].clone()));
    }
    Some(fields)
}

fn not_found() -> Response {
    let detail = "Record doesn't exist or ACL restricts the record retrieval";
    failure(StatusCode::NOT_FOUND, "No Record found", detail)
}

fn malformed() -> Response {
    let message = "Exception while reading request";
    failure(StatusCode::BAD_REQUEST, message, "The payload is not valid JSON")
}
