//! What a visitor's client asks for on its socket, one `action` per frame.

use serde_json::{Value, json};

use super::super::{
    GenesysCloud,
    state::{
        Author, Door, Message, State,
        outbox::outbox,
        session::{Session, Socket},
    },
    web_frames::{answer, message, push},
};

/// Custom attributes in one message, as JSON.
const CUSTOM_DATA_BYTES_MAX: usize = 2_048;
/// `onMessage` in one second and session.
const MESSAGES_PER_SECOND: usize = 2;
const SESSION_SECONDS: i64 = 72 * 60 * 60;

/// Answers one frame of the client on the socket `id`. The socket brings its sender until its
/// session owns it.
pub(super) fn work_off(
    tool: &GenesysCloud,
    id: u64,
    own: &mut Option<Socket>,
    text: &str,
) -> Vec<String> {
    let Ok(frame) = serde_json::from_str::<Value>(text) else {
        return vec![refusal(400, "a frame must be JSON", &Value::Null)];
    };
    let tracing = &frame["tracingId"];
    let Some(token) = frame["token"].as_str().filter(|token| !token.is_empty()) else {
        return vec![refusal(4020, "token is missing", tracing)];
    };
    let mut state = tool.state();
    if frame["action"] == "configureSession" {
        return vec![configure(&mut state, token, own, &frame)];
    }
    match state.web.get(token) {
        None => return vec![refusal(4007, "session not found", tracing)],
        Some(session) if session.expired => return vec![refusal(4006, "session expired", tracing)],
        Some(_) => {}
    }
    match frame["action"].as_str() {
        Some("onMessage") => on_message(&mut state, id, token, &frame),
        Some("echo") => vec![echo(&frame)],
        Some("getJwt") => vec![jwt(&mut state, token, tracing)],
        Some("closeSession") => close(&mut state, id, token, &frame),
        _ => vec![refusal(400, "an unknown action", tracing)],
    }
}

fn refusal(code: u16, text: &str, tracing: &Value) -> String {
    answer("string", code, &json!(text), tracing)
}

fn configure(state: &mut State, token: &str, own: &mut Option<Socket>, frame: &Value) -> String {
    let tracing = &frame["tracingId"];
    if frame["deploymentId"] != state.options.deployment_id.as_str() {
        return refusal(4020, "deploymentId is missing or unknown", tracing);
    }
    let start_new = frame["startNew"].as_bool().unwrap_or(false);
    let now = state.now();
    let known = state.web.get(token);
    if known.is_some_and(|session| session.expired) && !start_new {
        return refusal(4006, "session expired", tracing);
    }
    let existed = known.is_some();
    let session = state.web.entry(token.to_owned()).or_default();
    if start_new {
        let sockets = std::mem::take(&mut session.sockets);
        *session = Session { sockets, ..Session::default() };
    }
    session.sockets.extend(own.take());
    let read_only = session.read_only;
    if start_new
        && existed
        && let Some(at) = open_of(state, token)
    {
        state.visitor_ends(at);
    }
    let body = json!({
        "connected": true,
        "newSession": start_new || !existed,
        "readOnly": read_only,
        "maxCustomDataBytes": CUSTOM_DATA_BYTES_MAX,
        "allowedMedia": {
            "inbound": { "fileTypes": [{ "type": "image/png" }], "maxFileSizeKB": 10240 },
        },
        "blockedExtensions": [".exe"],
        "clearedExistingSession": start_new && existed,
        "durationSeconds": SESSION_SECONDS,
        "expirationDate": now / 1_000 + SESSION_SECONDS,
    });
    answer("SessionResponse", 200, &body, tracing)
}

fn on_message(state: &mut State, id: u64, token: &str, frame: &Value) -> Vec<String> {
    let (tracing, said) = (&frame["tracingId"], &frame["message"]);
    let now = state.now();
    let chars_max = state.options.text_chars_max;
    let Some(session) = state.web.get_mut(token) else { return Vec::new() };
    session.recent.retain(|at| at + 1_000 > now);
    if session.recent.len() >= MESSAGES_PER_SECOND {
        let body = json!({
            "retryAfter": 1, "errorCode": 4029, "errorMessage": "Message rate too high"
        });
        return vec![answer("TooManyRequestsErrorMessage", 429, &body, tracing)];
    }
    session.recent.push(now);
    let read_only = session.read_only;
    let attributes = &said["channel"]["metadata"]["customAttributes"];
    if attributes.is_object() && attributes.to_string().len() > CUSTOM_DATA_BYTES_MAX {
        return vec![refusal(4013, "custom attributes are too large", tracing)];
    }
    let text = said["text"].as_str().unwrap_or_default();
    if text.chars().count() > chars_max {
        return vec![refusal(4011, "message too long", tracing)];
    }
    match said["type"].as_str() {
        Some("Text" | "Structured") if read_only => {
            vec![refusal(403, "the conversation is read only", tracing)]
        }
        Some("Text" | "Structured") => {
            let at = begin(state, token);
            add_attributes(state, at, attributes);
            text_said(state, at, id, token, frame)
        }
        Some("Event") => happened(state, token, said, tracing),
        _ => vec![refusal(4020, "message.type is missing or unknown", tracing)],
    }
}

/// The sending socket gets its text as an answer; the visitor's other sockets get it as an event.
fn text_said(state: &mut State, at: usize, id: u64, token: &str, frame: &Value) -> Vec<String> {
    let said = &frame["message"];
    let written = Message {
        id: state.ids.uuid(),
        author: Author::Customer,
        text: said["text"].as_str().unwrap_or_default().to_owned(),
        content: said["content"].as_array().cloned().unwrap_or_default(),
        at: state.now(),
        provider_id: None,
        metadata: if said["metadata"].is_object() { said["metadata"].clone() } else { json!({}) },
        status: "received",
    };
    let conversation = &mut state.conversations[at];
    conversation.visitor_types = false;
    let body = message(conversation, &written);
    conversation.messages.push(written);
    let others = push("StructuredMessage", &body);
    for socket in state.web.get(token).into_iter().flat_map(|session| &session.sockets) {
        if socket.id != id {
            let _ = socket.sender.send(others.clone());
        }
    }
    state.tell_changed(at);
    vec![answer("StructuredMessage", 200, &body, &frame["tracingId"])]
}

fn happened(state: &mut State, token: &str, said: &Value, tracing: &Value) -> Vec<String> {
    let event = &said["events"][0];
    match (event["eventType"].as_str(), event["presence"]["type"].as_str()) {
        (Some("Typing"), _) => {
            if let Some(at) = open_of(state, token) {
                state.conversations[at].visitor_types = true;
            }
            Vec::new()
        }
        (Some("Presence"), Some("Join")) => {
            let at = begin(state, token);
            add_attributes(state, at, &said["channel"]["metadata"]["customAttributes"]);
            Vec::new()
        }
        (Some("Presence"), Some("Clear")) if state.options.conversation_clear => {
            if let Some(at) = open_of(state, token) {
                state.visitor_ends(at);
            }
            state.show(token, &push("SessionClearedEvent", &json!({})));
            let closed = push("ConnectionClosedEvent", &json!({ "reason": "SessionCleared" }));
            state.show(token, &closed);
            state.web.remove(token);
            Vec::new()
        }
        (Some("Presence"), Some("Clear")) => {
            vec![refusal(4000, "conversations cannot be cleared", tracing)]
        }
        _ => vec![refusal(4020, "events is missing or unknown", tracing)],
    }
}

/// The visitor's conversation; starts one when there is none.
fn begin(state: &mut State, token: &str) -> usize {
    if let Some(at) = open_of(state, token) {
        return at;
    }
    // This outbox has no reader: messages are shown on sockets.
    let (outbox, _) = outbox();
    let door = Door::Web { token: token.to_owned() };
    state.begin(door, json!({ "id": token, "idType": "Opaque" }), outbox)
}

fn open_of(state: &State, token: &str) -> Option<usize> {
    state.open_of(&Door::Web { token: token.to_owned() }, token)
}

fn add_attributes(state: &mut State, at: usize, attributes: &Value) {
    for (name, value) in attributes.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        state.conversations[at].attributes.insert(name.clone(), value);
    }
}

fn echo(frame: &Value) -> String {
    let body = json!({
        "type": "Text", "text": frame["message"]["text"], "direction": "Inbound", "metadata": {},
    });
    answer("StructuredMessage", 200, &body, &frame["tracingId"])
}

fn jwt(state: &mut State, token: &str, tracing: &Value) -> String {
    let (jwt, now) = (state.ids.uuid(), state.now());
    if let Some(session) = state.web.get_mut(token) {
        session.jwt = Some(jwt.clone());
    }
    answer("JwtResponse", 200, &json!({ "jwt": jwt, "exp": now / 1_000 + 3_600 }), tracing)
}

/// Closes the connections; the conversation stays open.
fn close(state: &mut State, id: u64, token: &str, frame: &Value) -> Vec<String> {
    let all = frame["closeAllConnections"].as_bool().unwrap_or(false);
    let closed = push("ConnectionClosedEvent", &json!({}));
    if let Some(session) = state.web.get_mut(token) {
        session.sockets.retain(|socket| {
            let goes = all || socket.id == id;
            if goes {
                let _ = socket.sender.send(closed.clone());
            }
            !goes
        });
    }
    Vec::new()
}
