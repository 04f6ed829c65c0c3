//! Which limit counts a request to the visitor API; new visitors are counted where their bot is
//! known. A visitor is counted by the whole token, so
//! that somebody who knows only an id cannot use up what belongs to another.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use edge::{
    http::bearer,
    limits::{Client, Exceeded},
};
use http::HeaderMap;

pub(super) async fn limited(client: Client, request: Request, next: Next) -> Response {
    match check(&client, request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(exceeded) => exceeded.into_response(),
    }
}

fn check(client: &Client, path: &str, headers: &HeaderMap) -> Result<(), Exceeded> {
    let Client { address, limits } = client;
    limits.requests.check(address)?;
    let of_visitor = match path {
        "/conversation/messages" => &limits.messages,
        "/conversation/typing" => &limits.typing,
        "/conversation/events" => &limits.polls,
        _ => return Ok(()),
    };
    match bearer(headers) {
        Some(token) => of_visitor.check(&token),
        None => Ok(()),
    }
}
