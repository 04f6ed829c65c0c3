//! Requests from outside. Both kinds carry a code (see [`super::public_urls`]):
//!
//! - `POST /connectors/{name}/webhook/{handover}/{code}`: events from the server (`web-chat` 5)
//! - `GET /connectors/{name}/file/{handover}/{guid}/{code}/{file name}`: a visitor downloads a
//!   file, while the chat is open

use std::sync::Arc;

use axum::{body::Body, response::Response};
use connector::{Host, InboundRequest, Proof};
use edge::{http::ApiError, secrets};
use http::{HeaderValue, Method, StatusCode, header};
use wire::problem::ProblemId;

use super::{Shared, checkpoint::Checkpoint};

/// Whether the call may go on to [`receive`]: its URL carries a code.
pub(super) fn admit(shared: &Shared, call: &InboundRequest) -> Result<Proof, ApiError> {
    let Some(urls) = &shared.public_urls else { return Err(not_found()) };
    let parts: Vec<&str> = call.path.split('/').collect();
    match (&call.method, parts.as_slice()) {
        (&Method::POST, ["webhook", name, code]) => check(code, &urls.webhook_code(name)),
        (&Method::GET, ["file", name, guid, code, _]) => check(code, &urls.file_code(name, guid)),
        _ => Err(not_found()),
    }
}

pub(super) async fn receive(
    shared: &Shared,
    host: &Arc<dyn Host>,
    call: InboundRequest,
) -> Result<Response, ApiError> {
    let parts: Vec<&str> = call.path.split('/').collect();
    match (&call.method, parts.as_slice()) {
        (&Method::POST, ["webhook", name, _]) => {
            host.find(name).ok_or_else(not_found)?;
            shared.mailboxes.put(name, shared.api.webhook(&call.body).unwrap_or_default());
            Ok(Response::new(Body::empty()))
        }
        (&Method::GET, ["file", name, guid, _, file]) => {
            download(shared, host, name, guid, file).await
        }
        _ => Err(not_found()),
    }
}

/// Answers with headers that keep a browser from showing the file: its content is not trusted.
async fn download(
    shared: &Shared,
    host: &Arc<dyn Host>,
    name: &str,
    guid: &str,
    file: &str,
) -> Result<Response, ApiError> {
    let handover = host.find(name).ok_or_else(not_found)?;
    let open = host.open().into_iter().find(|open| open.handover == handover);
    let checkpoint = open.and_then(|open| Checkpoint::read(&open.checkpoint));
    let chat_ref = checkpoint.ok_or_else(not_found)?.chat_ref;
    let fetched = shared.api.file(&chat_ref, guid, file).await.map_err(|error| {
        let detail = error.into_failure().detail().to_owned();
        tracing::info!(detail, "a file of a human agent cannot be fetched from PureConnect");
        not_found()
    })?;
    let mut response = Response::new(Body::from(fetched.body));
    *response.status_mut() = StatusCode::OK;
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn check(presented: &str, expected: &str) -> Result<Proof, ApiError> {
    let is_right = secrets::matches(&expected.into(), presented);
    if is_right { Ok(Proof::Given) } else { Err(not_found()) }
}

fn not_found() -> ApiError {
    ApiError::new(ProblemId::NotFound, "There is nothing at this address, or no longer.")
}
