//! The bridge's hops: webhook call to the agent's socket, agent's POST to the platform.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::{Path, State, WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Side,
    relay::{self, Relay},
};

#[derive(Clone)]
struct App {
    side: Side,
    agents: Relay,
    users: Arc<Mutex<HashSet<String>>>,
    last: Arc<AtomicU64>,
}

pub(super) fn router(side: Side) -> Router {
    let app = App { side, agents: Relay::default(), users: Arc::default(), last: Arc::default() };
    Router::new()
        .route("/handover/desk", routing::post(hook))
        .route("/desk/api/session", routing::post(sign_in))
        .route("/desk/api/chats", routing::get(chats))
        .route("/desk/api/chats/{chat}/claim", routing::post(claim))
        .route("/desk/api/chats/{chat}/messages", routing::post(say))
        .route("/desk/api/stream", routing::get(stream))
        .with_state(app)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    user_id: String,
    query_input: Query,
}

#[derive(Deserialize)]
struct Query {
    text: Text,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

async fn hook(State(app): State<App>, Json(call): Json<Call>) -> Result<Json<Value>, StatusCode> {
    let text = call.query_input.text.text;
    let kept = app.side.keep(&call.user_id, &text).await;
    kept.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let chat = format!("cht_{}", call.user_id);
    let seq = app.last.fetch_add(1, Ordering::Relaxed);
    let event = json!({
        "seq": seq, "at": "2026-01-01T10:00:00.000Z", "type": "visitor_message", "text": text,
    });
    let frame = json!({ "type": "event", "chat": chat, "event": event });
    app.agents.send(&chat, frame.to_string());
    if text == crate::load::ASK {
        app.users.lock().insert(call.user_id);
    }
    Ok(Json(json!({ "paused": true, "minutesPaused": 10 })))
}

async fn sign_in() -> Response {
    ([("set-cookie", "baton_desk=floor; Path=/desk")], Json(json!({}))).into_response()
}

async fn chats(State(app): State<App>) -> Json<Value> {
    let users = app.users.lock();
    let chats: Vec<_> = users.iter().map(|user| chat(user)).collect();
    Json(json!({ "chats": chats }))
}

fn chat(user: &str) -> Value {
    json!({ "id": format!("cht_{user}"), "visitor": { "userId": user }, "status": "queued" })
}

async fn claim(Path(id): Path<String>) -> Json<Value> {
    Json(chat(id.trim_start_matches("cht_")))
}

#[derive(Deserialize)]
struct Said {
    text: String,
}

async fn say(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(said): Json<Said>,
) -> Result<(StatusCode, Json<Value>), StatusCode> {
    let kept = app.side.keep(&id, &said.text).await;
    kept.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let seq = app.last.fetch_add(1, Ordering::Relaxed);
    tokio::spawn(async move {
        let url = format!("{}{}", app.side.peer, wire::push::PATH);
        let user = id.trim_start_matches("cht_");
        let push = json!({
            "eventType": "message", "userId": user, "botId": "support", "text": said.text,
        });
        if let Err(error) = app.side.http.post(&url, &[], &push).await {
            eprintln!("the platform floor did not answer: {error:#}");
        }
    });
    Ok((StatusCode::ACCEPTED, Json(json!({ "seq": seq }))))
}

#[derive(Deserialize)]
struct Watch {
    watch: String,
}

async fn stream(State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    relay::small(upgrade).on_upgrade(move |socket| {
        relay::carry(socket, move |frame, outbox| {
            if let Ok(watch) = serde_json::from_str::<Watch>(frame) {
                app.agents.listen(watch.watch, outbox.clone());
            }
        })
    })
}
