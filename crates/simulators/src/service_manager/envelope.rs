//! The envelope of every reply: messages, the return code, and for lists their window.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{SUCCESS, profile::Profile};

pub(super) fn record(profile: &Profile, message: &str, fields: &Value) -> Response {
    let messages: Vec<&str> = if message.is_empty() { Vec::new() } else { vec![message] };
    let body = json!({ "Messages": messages, "ReturnCode": SUCCESS, &profile.resource: fields });
    Json(body).into_response()
}

/// `start` counts from 1.
pub(super) fn list(profile: &Profile, start: usize, total: usize, found: Vec<Value>) -> Response {
    let content: Vec<Value> =
        found.into_iter().map(|fields| json!({ &profile.resource: fields })).collect();
    let body = json!({
        "@count": content.len(),
        "@start": start,
        "@totalcount": total,
        "Messages": [],
        "ResourceName": profile.resource,
        "ReturnCode": SUCCESS,
        "content": content,
    });
    Json(body).into_response()
}
