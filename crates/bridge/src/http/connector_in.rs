//! `/connectors/{name}/{path}`: calls of the tools. What they mean, the connector says.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use edge::http::{ApiError, read_body};
use http::request::Parts;
use wire::problem::ProblemId;

use crate::{app::Bridge, tool::Call};

/// Most bytes of one call.
const CALL_BYTES_MAX: usize = 1024 * 1024;

pub(super) async fn receive(
    State(bridge): State<Bridge>,
    Path(path): Path<BTreeMap<String, String>>,
    parts: Parts,
    body: Body,
) -> Result<Response, ApiError> {
    let name = path.get("name").map_or("", String::as_str);
    let Some(line) = bridge.app().lines.get(name).cloned() else {
        let detail = "No connector has this name: compare the URL with the configuration.";
        return Err(ApiError::new(ProblemId::NotFound, detail));
    };
    let call = Call {
        method: parts.method,
        path: path.get("path").cloned().unwrap_or_default(),
        headers: parts.headers,
        body: read_body(body, CALL_BYTES_MAX).await?,
    };
    let tasks = bridge.app().driver.tasks().clone();
    // A tool that hangs up early has told us all the same.
    let work = tasks.spawn(async move { line.tool().receive(&line.host(), call).await });
    work.await.unwrap_or_else(|error| Err(ApiError::internal(&error)))
}
