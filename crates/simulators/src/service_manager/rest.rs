//! The calls: query and open at a collection, read and change at a record, and its actions.

use std::collections::HashMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query as Parameters, State as Shared},
    http::{
        HeaderMap, HeaderValue,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    CHANGED, INVALID, LOCKED, NO_RECORD, Options, ServiceManager, envelope, journal,
    query::{self, Query},
    records::{self, Record},
    refusal,
};

type Names = HashMap<String, String>;
type Refused = Box<Response>;

impl Options {
    /// An operator's name and password, and a collection that is there.
    fn admit(&self, headers: &HeaderMap, collection: Option<&str>) -> Result<(), Refused> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let right = STANDARD.encode(format!("{}:{}", self.operator, self.password));
        if given.and_then(|given| given.strip_prefix("Basic ")) != Some(&right) {
            let mut response = refusal(401, 28, "Not Authorized");
            let realm = HeaderValue::from_static("Basic realm=\"SM\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, realm);
            return Err(response.into());
        }
        if collection.is_some_and(|name| name != self.profile.collection) {
            return Err(refusal(404, NO_RECORD, "There is no such collection").into());
        }
        Ok(())
    }

    fn invalid(&self, message: &str) -> Response {
        refusal(self.refusal_status, INVALID, message)
    }

    fn check_group(&self, fields: &Map<String, Value>) -> Result<(), Refused> {
        let group = fields.get("AssignmentGroup").and_then(Value::as_str);
        match group.filter(|group| !self.groups.iter().any(|known| known == group)) {
            Some(group) => {
                Err(self.invalid(&format!("Validation failed: no group {group}")).into())
            }
            None => Ok(()),
        }
    }
}

/// A key is encoded twice, and this is the second decoding. After the first decoding a slash would
/// end the key, so a key that is encoded once is not found.
fn decoded(key: &str) -> String {
    let key = key.split('/').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = (byte == b'%').then(|| after.get(..2)).flatten();
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(code) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(code);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) async fn service(Shared(tool): Shared<ServiceManager>, headers: HeaderMap) -> Response {
    let options = &tool.0.options;
    if let Err(refused) = options.admit(&headers, None) {
        return *refused;
    }
    Json(json!({ "Messages": [], "ReturnCode": 0, "collections": [options.profile.collection] }))
        .into_response()
}

pub(super) async fn list(
    Shared(tool): Shared<ServiceManager>,
    Path(collection): Path<String>,
    Parameters(parameters): Parameters<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    find(&tool, &collection, &parameters, &headers).unwrap_or_else(|refused| *refused)
}

fn find(
    tool: &ServiceManager,
    collection: &str,
    parameters: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let options = &tool.0.options;
    let profile = &options.profile;
    options.admit(headers, Some(collection))?;
    let (mut view, mut start, mut count) = ("condense", 1, usize::MAX);
    let (mut sort, mut conditions): (&str, Vec<Query>) = ("", Vec::new());
    for (name, value) in parameters {
        let number =
            || value.parse::<usize>().map_err(|_| Box::new(options.invalid("Invalid number")));
        match name.as_str() {
            "view" => view = value,
            "start" => start = number()?.max(1),
            "count" => count = number()?,
            "sort" => sort = value,
            "query" => {
                let query = query::parse(value, profile);
                conditions.push(query.map_err(|why| Box::new(options.invalid(&why)))?);
            }
            field => {
                let field = profile.standard(field).to_owned();
                conditions.push(Query::Is(field, "=".to_owned(), value.clone()));
            }
        }
    }
    if count == 0 {
        (view, count) = ("summary", usize::MAX);
    }
    let state = tool.lock();
    let mut found: Vec<&Record> = state.records.iter().collect();
    found.retain(|record| conditions.iter().all(|condition| condition.finds(record)));
    for order in sort.split(',').rev().filter(|order| !order.is_empty()) {
        let (field, direction) = order.split_once(':').unwrap_or((order, "ascending"));
        let field = profile.standard(field);
        found.sort_by_key(|record| record.compared(field));
        if direction == "descending" {
            found.reverse();
        }
    }
    if found.is_empty() {
        return Err(refusal(404, NO_RECORD, "No (more) records found").into());
    }
    let total = found.len();
    let page = found.into_iter().skip(start - 1).take(count);
    let shown = page.map(|record| match view {
        "expand" => record.full(profile),
        "summary" => record.summary(profile),
        _ => record.key(profile),
    });
    Ok(envelope::list(profile, start, total, shown.collect()))
}

pub(super) async fn one(
    Shared(tool): Shared<ServiceManager>,
    Path(path): Path<Names>,
    headers: HeaderMap,
) -> Response {
    let options = &tool.0.options;
    if let Err(refused) = options.admit(&headers, Some(&path["collection"])) {
        return *refused;
    }
    let id = decoded(&path["key"]);
    let state = tool.lock();
    match state.records.iter().find(|record| record.id == id) {
        Some(record) => envelope::record(&options.profile, "", &record.full(&options.profile)),
        None => refusal(404, NO_RECORD, "No (more) records found"),
    }
}

pub(super) async fn create(
    Shared(tool): Shared<ServiceManager>,
    Path(collection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    open(&tool, &collection, &headers, &body).unwrap_or_else(|refused| *refused)
}

fn open(
    tool: &ServiceManager,
    collection: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Refused> {
    let options = &tool.0.options;
    let profile = &options.profile;
    options.admit(headers, Some(collection))?;
    let fields = records::read(body, profile).map_err(|why| Box::new(options.invalid(&why)))?;
    let has =
        |name: &str| fields.get(name).is_some_and(|value| *value != "" && *value != json!([]));
    if let Some(missing) = options.required.iter().find(|name| !has(name)) {
        let message = format!("Validation failed: {} is required", profile.name(missing));
        return Err(options.invalid(&message).into());
    }
    options.check_group(&fields)?;
    let mut state = tool.lock();
    let id = format!("{}{}", profile.prefix, 10_001 + state.records.len());
    let record = Record::open(id.clone(), fields, options);
    let message = format!(
        "{} {}:  {} {id} has been opened by {}",
        profile.zone,
        journal::written(record.opened_at, profile),
        profile.resource,
        options.operator
    );
    let response = envelope::record(profile, &message, &record.full(profile));
    state.records.push(record);
    Ok(response)
}

pub(super) async fn update(
    Shared(tool): Shared<ServiceManager>,
    Path(path): Path<Names>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    change(&tool, &path, &headers, &body).unwrap_or_else(|refused| *refused)
}

pub(super) async fn action(
    Shared(tool): Shared<ServiceManager>,
    Path(path): Path<Names>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    change(&tool, &path, &headers, &body).unwrap_or_else(|refused| *refused)
}

/// An update, or an action where the path has the `name` of one.
fn change(
    tool: &ServiceManager,
    path: &Names,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Refused> {
    let options = &tool.0.options;
    let profile = &options.profile;
    options.admit(headers, Some(&path["collection"]))?;
    let mut fields = records::read(body, profile).map_err(|why| Box::new(options.invalid(&why)))?;
    options.check_group(&fields)?;
    let id = decoded(&path["key"]);
    let mut state = tool.lock();
    let conflict = state.conflicts > 0;
    let Some(record) = state.records.iter_mut().find(|record| record.id == id) else {
        return Err(refusal(404, NO_RECORD, "No (more) records found").into());
    };
    let refuse = |code, why: &str| Err(refusal(options.refusal_status, code, why).into());
    if record.locked {
        return refuse(LOCKED, "Record is locked by PARK, JO");
    }
    if let Some(name) = path.get("name") {
        let status = if *name == profile.resolve_action {
            &profile.resolved
        } else if *name == profile.close_action {
            &profile.closed
        } else {
            return Err(options.invalid(&format!("No action {name}")).into());
        };
        if !fields.contains_key("ClosureCode") || !fields.contains_key("Solution") {
            return Err(options.invalid("Validation failed: closure code and solution").into());
        }
        fields.insert("Status".to_owned(), json!(status));
    } else if options.journal_required && !fields.contains_key("JournalUpdates") {
        return Err(options.invalid("Validation failed: an update needs a journal text").into());
    }
    let journal = fields.get("JournalUpdates").map(Value::to_string).unwrap_or_default();
    if journal.chars().count() > options.journal_chars_max {
        return Err(options.invalid("Validation failed: the journal text is too long").into());
    }
    if record.text("Status") == profile.closed {
        return Err(options.invalid("Validation failed: the record is closed").into());
    }
    if conflict {
        state.conflicts -= 1;
        return refuse(CHANGED, "Record was changed since you selected it");
    }
    record.change(fields, &options.operator, options.time.now());
    let message = format!("{} {id} updated", profile.resource);
    Ok(envelope::record(profile, &message, &record.full(profile)))
}
