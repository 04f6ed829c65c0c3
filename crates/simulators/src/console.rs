//! The human agent's side of every simulator: a page for a person, and an API with the same
//! functions for a script. Both are below `/_simulator/`, a path that no vendor uses.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use crate::{
    faults::{Faults, Plan},
    tool::{Act, Tool},
};

#[derive(Clone)]
struct Console {
    tool: Arc<dyn Tool>,
    faults: Faults,
}

pub(crate) fn router(tool: &Arc<dyn Tool>, faults: &Faults) -> Router {
    Router::new()
        .route("/_simulator/", get(page))
        .route("/_simulator/chats", get(chats))
        .route("/_simulator/chats/{id}", post(act))
        .route("/_simulator/faults", get(plan).put(set_plan))
        .with_state(Console { tool: tool.clone(), faults: faults.clone() })
}

async fn page(State(console): State<Console>) -> Html<String> {
    Html(include_str!("console.html").replace("{title}", console.tool.title()))
}

async fn chats(State(console): State<Console>) -> Response {
    Json(json!({ "chats": console.tool.chats() })).into_response()
}

async fn act(
    State(console): State<Console>,
    Path(id): Path<String>,
    Json(act): Json<Act>,
) -> Response {
    match console.tool.act(&id, act) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => (StatusCode::CONFLICT, Json(json!({ "detail": why }))).into_response(),
    }
}

async fn plan(State(console): State<Console>) -> Json<Plan> {
    Json(console.faults.plan())
}

async fn set_plan(State(console): State<Console>, Json(plan): Json<Plan>) -> StatusCode {
    console.faults.set(plan);
    StatusCode::NO_CONTENT
}
