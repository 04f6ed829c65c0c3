//! `POST /api/sn_va_as_service/bot/integration`: every action of the Bot Integration API. The
//! answer says only that the request was accepted; results follow as callbacks.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    ServiceNow,
    access::{Proven, unauthenticated},
    callback,
    conversation::{Conversation, Ending},
    failure,
};
use crate::Phase;

pub(super) async fn integrate(
    Shared(tool): Shared<ServiceNow>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return failure(StatusCode::BAD_REQUEST, "Malformed request", "The body is not JSON");
    };
    let options = &tool.0.options;
    let proven = match options.proof.check(&headers, &body, &request) {
        Proven::Unauthenticated if tool.lock().is_user(options, &headers) => Proven::Yes,
        proven => proven,
    };
    match proven {
        Proven::Unauthenticated => unauthenticated(),
        Proven::Silently => success(),
        Proven::Yes if !is_convertible(&request) => success(),
        Proven::Yes => tool.take(&request),
    }
}

fn success() -> Response {
    Json(json!({ "status": "success" })).into_response()
}

/// What the worker accepts as a request; it drops everything else silently.
fn is_convertible(request: &Value) -> bool {
    let message = &request["message"];
    let updates = request["action"] == "UPDATE_MESSAGES";
    let worded = if updates { message.is_array() } else { message["text"].is_string() };
    let told = |item: &Value| {
        let at = item["timestamp"].as_str().unwrap_or_default();
        at.len() == 13 && at.bytes().all(|byte| byte.is_ascii_digit()) && item["value"].is_string()
    };
    let history = match &request["history"] {
        Value::Null => true,
        Value::Array(items) => items.iter().all(told),
        _ => false,
    };
    let named = request["userId"].as_str().is_some_and(|id| !id.is_empty());
    named && worded && history
}

impl ServiceNow {
    fn take(&self, request: &Value) -> Response {
        let text = request["message"]["text"].as_str().unwrap_or_default();
        let action = request["action"].as_str().unwrap_or_default();
        match action {
            "UPDATE_MESSAGES" => return self.receipts(request),
            "END_CONVERSATION" if !text.is_empty() => {
                return failure(StatusCode::OK, "Invalid request", "message.text must be empty");
            }
            "SWITCH" | "SET_USER_TIMEZONE" => return success(),
            _ => {}
        }
        let now = self.0.options.time.now();
        let Some(at) = self.open(request, action) else { return success() };
        let mut state = self.lock();
        let greeting = self.0.options.greeting;
        let conversation = &mut state.conversations[at];
        conversation.last_at = now;
        conversation.latest = request.clone();
        match action {
            "" => conversation.hear(text, now),
            "AGENT" => conversation.ask_for_agent(text, now, greeting),
            "SEND_HISTORY" => conversation.take_history(),
            "TYPING" => conversation.visitor_types = true,
            "VIEWING" => conversation.visitor_types = false,
            "END_CONVERSATION" | "FAULT_CONVERSATION" => conversation.end(Ending::Visitor, now),
            "START_CONVERSATION" | "START_CREATED_CONVERSATION" => conversation.greet(),
            "CREATE_CONVERSATION" => conversation.announce(),
            _ => return failure(StatusCode::BAD_REQUEST, "Unknown action", action),
        }
        success()
    }

    /// The open conversation of the request's user; a new one where a request can begin one.
    fn open(&self, request: &Value, action: &str) -> Option<usize> {
        let user = request["userId"].as_str()?;
        let mut state = self.lock();
        let is_theirs = |one: &Conversation| one.user_id == user && one.phase != Phase::Ended;
        if let Some(at) = state.conversations.iter().rposition(is_theirs) {
            return Some(at);
        }
        if ["TYPING", "VIEWING", "END_CONVERSATION", "FAULT_CONVERSATION"].contains(&action) {
            return None;
        }
        let now = self.0.options.time.now();
        let username = &self.0.options.username;
        let (conversation, callbacks) = Conversation::begin(&mut state, request, username, now);
        let (instance, id) = (Arc::downgrade(&self.0), conversation.id.clone());
        tokio::spawn(callback::send_all(instance, id, callbacks));
        state.conversations.push(conversation);
        Some(state.conversations.len() - 1)
    }

    /// `UPDATE_MESSAGES` is answered at once, whatever the mode.
    fn receipts(&self, request: &Value) -> Response {
        let mut state = self.lock();
        let user = request["userId"].as_str().unwrap_or_default();
        let is_theirs = |one: &&mut Conversation| one.user_id == user;
        let Some(conversation) = state.conversations.iter_mut().rev().find(is_theirs) else {
            return failure(StatusCode::OK, "No conversation", user);
        };
        for item in request["message"].as_array().into_iter().flatten() {
            let (Some(id), Some(status)) = (item["id"].as_str(), item["status"].as_str()) else {
                return failure(StatusCode::BAD_REQUEST, "Malformed request", "id, status");
            };
            if !["sent_to_user", "external_error"].contains(&status) {
                return failure(StatusCode::BAD_REQUEST, "Unknown status", status);
            }
            conversation.facts.push((format!("receipt {id}"), status.to_owned()));
        }
        Json(json!({ "status": "success", "message": "Message Processed Successfully" }))
            .into_response()
    }
}
