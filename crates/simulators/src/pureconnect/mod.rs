//! Genesys `PureConnect`, simulated: chats of customers over both wire APIs, [`icws`] `web-chat`
//! and the older Interaction Web Tools ([`web_tools`]), in front of one contact centre with queues
//! and agents.
//!
//! A [`Server`] is one of a switch-over pair: the one that is not active answers 503 to
//! everything, until [`Server::switch_over`] makes it the active one and chats are reconnected to
//! it. Any path prefix is accepted, as reverse proxies in front of real servers have one.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{Act, Chat as Shown, Tool};

mod centre;
mod chat;
mod icws;
mod options;
mod web_tools;

#[cfg(test)]
mod tests;

use centre::ContactCentre;
pub use options::{Fields, Options, Replay, WebhookBody};

/// Larger than any chat request.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// One server; clones are the same one.
#[derive(Clone)]
pub struct Server {
    centre: Arc<ContactCentre>,
    /// Its place in the pair.
    index: usize,
}

/// A customer's whole call.
struct Call<'a> {
    method: Method,
    /// The path after the API's root, as it was sent.
    path: &'a str,
    content_type: &'a str,
    body: &'a [u8],
}

impl Server {
    /// A server without a backup.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { centre: Arc::new(ContactCentre::new(options)), index: 0 }
    }

    /// Two servers in front of one contact centre; the first is active.
    #[must_use]
    pub fn pair(options: Options) -> (Self, Self) {
        let primary = Self::new(options);
        let backup = Self { centre: primary.centre.clone(), index: 1 };
        (primary, backup)
    }

    /// Makes this the active server of its pair.
    pub fn switch_over(&self) {
        self.centre.activate(self.index);
    }
}

impl Tool for Server {
    fn title(&self) -> &'static str {
        "Genesys PureConnect"
    }

    fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }

    fn chats(&self) -> Vec<Shown> {
        self.centre.shown()
    }

    fn act(&self, chat: &str, act: Act) -> Result<(), String> {
        self.centre.act(chat, act)
    }

    fn failure(&self, status: StatusCode) -> Response {
        let message = status.canonical_reason().unwrap_or("failure");
        (status, Json(json!({ "message": message }))).into_response()
    }
}

async fn serve(State(server): State<Server>, request: Request) -> Response {
    if server.centre.active() != server.index {
        return server.failure(StatusCode::SERVICE_UNAVAILABLE);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return server.failure(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let whole = parts.uri.path();
    let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
    let call = |path| Call {
        method: parts.method.clone(),
        path,
        content_type: content_type.unwrap_or_default(),
        body: &body,
    };
    if let Some(path) = after(whole, "/icws/web-chat/") {
        icws::answer(&server, &call(path))
    } else if let Some(path) = after(whole, "/websvcs/") {
        web_tools::answer(&server, &call(path))
    } else {
        server.failure(StatusCode::NOT_FOUND)
    }
}

/// The part after `root`, which is matched in any case.
fn after<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let at = path.to_ascii_lowercase().find(root)?;
    path.get(at + root.len()..)
}
