//! The platform's hops: visitor's POST to the bridge, push to the visitor's socket.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Json, Router,
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Side,
    relay::{self, Relay},
};

#[derive(Clone)]
struct App {
    side: Side,
    visitors: Relay,
    last: Arc<AtomicU64>,
}

pub(super) fn router(side: Side) -> Router {
    let app = App { side, visitors: Relay::default(), last: Arc::default() };
    Router::new()
        .route("/v1/bots/{bot}/visitors", routing::post(create))
        .route("/v1/conversation/messages", routing::post(say))
        .route("/v1/conversation/stream", routing::get(stream))
        .route(wire::push::PATH, routing::post(push))
        .with_state(app)
}

async fn create(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let user = format!("usr_{}", app.last.fetch_add(1, Ordering::Relaxed));
    (StatusCode::CREATED, Json(json!({ "userId": user, "token": user })))
}

#[derive(Deserialize)]
struct Said {
    text: String,
}

async fn say(
    State(app): State<App>,
    headers: HeaderMap,
    Json(said): Json<Said>,
) -> Result<(StatusCode, Json<Value>), StatusCode> {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    let user = token.unwrap_or_default().trim_start_matches("Bearer ").to_owned();
    app.side.keep(&user, &said.text).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let seq = app.last.fetch_add(1, Ordering::Relaxed);
    tokio::spawn(async move {
        let url = format!("{}/handover/desk", app.side.peer);
        let query = json!({ "text": { "text": said.text, "languageCode": "en" } });
        let call = json!({ "userId": user, "botId": "support", "queryInput": query });
        if let Err(error) = app.side.http.post(&url, &[], &call).await {
            eprintln!("the bridge floor did not answer: {error:#}");
        }
    });
    Ok((StatusCode::ACCEPTED, Json(json!({ "seq": seq }))))
}

#[derive(Deserialize)]
struct First {
    token: String,
}

async fn stream(State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    relay::small(upgrade).on_upgrade(move |socket| {
        relay::carry(socket, move |frame, outbox| {
            if let Ok(first) = serde_json::from_str::<First>(frame) {
                app.visitors.listen(first.token, outbox.clone());
            }
        })
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Push {
    user_id: String,
    text: String,
}

async fn push(State(app): State<App>, Json(push): Json<Push>) -> Result<Json<Value>, StatusCode> {
    let kept = app.side.keep(&push.user_id, &push.text).await;
    kept.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let event = json!({
        "at": "2026-01-01T10:00:00.000Z", "type": "agent_message", "text": push.text,
        "agent": { "name": "Jane Doe", "avatarUrl": "" },
    });
    app.visitors.send(&push.user_id, event.to_string());
    Ok(Json(json!({ "ok": true, "paused": true, "pausedUntil": null })))
}
