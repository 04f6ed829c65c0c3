//! An open WebSocket and one event on it.

use axum::{Json, Router, extract::WebSocketUpgrade, response::Response, routing};
use serde_json::{Value, json};

use super::relay;

pub(super) fn router() -> Router {
    Router::new()
        .route("/v1/bots/{bot}/visitors", routing::post(create))
        .route("/v1/conversation/stream", routing::get(stream))
}

async fn create() -> (axum::http::StatusCode, Json<Value>) {
    let visitor = json!({ "userId": "usr_idle", "token": "vst_idle" });
    (axum::http::StatusCode::CREATED, Json(visitor))
}

async fn stream(upgrade: WebSocketUpgrade) -> Response {
    relay::small(upgrade).on_upgrade(|socket| {
        relay::carry(socket, |_, outbox| {
            let event = json!({
                "seq": 1, "at": "2026-01-01T10:00:00.000Z", "type": "notice",
                "text": "You are now chatting with an Agent.", "kind": "agent_joined",
            });
            // The client may have disconnected already.
            let _sent = outbox.send(event.to_string().into());
        })
    })
}
