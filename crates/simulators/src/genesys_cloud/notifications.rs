//! `/api/v2/notifications/channels`: topics are subscribed to by REST and sent over a WebSocket. A
//! channel lives 24 hours after its last subscription; a heartbeat comes every 30 seconds.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State as Of,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, header::HOST},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    GenesysCloud,
    body::parse,
    errors::Refusal,
    state::{
        State,
        hub::{Channel, frame},
        iso,
    },
};

type Answer = Result<Json<Value>, Refusal>;

const CHANNEL_MS: i64 = 24 * 60 * 60 * 1_000;
const HEARTBEAT: Duration = Duration::from_secs(30);
const TOPICS_MAX: usize = 1_000;
const CHANNELS_MAX: usize = 20;
const PERMISSION: &str = "notifications";

pub(super) async fn create(Of(tool): Of<GenesysCloud>, headers: HeaderMap) -> Answer {
    if !tool.options().notifications {
        return Err(Refusal::not_permitted(PERMISSION));
    }
    let mut state = tool.state();
    let now = state.now();
    state.hub.0.retain(|_, channel| channel.expires > now);
    if state.hub.0.len() >= CHANNELS_MAX {
        // The oldest ones go first.
        let oldest = state.hub.0.iter().min_by_key(|(_, channel)| channel.expires);
        if let Some(id) = oldest.map(|(id, _)| id.clone()) {
            state.hub.0.remove(&id);
        }
    }
    let id = state.ids.uuid();
    let channel = Channel { expires: now + CHANNEL_MS, topics: Vec::new(), socket: None };
    let shown = view(&id, &channel, &headers);
    state.hub.0.insert(id, channel);
    Ok(Json(shown))
}

pub(super) async fn channels(Of(tool): Of<GenesysCloud>, headers: HeaderMap) -> Answer {
    let state = tool.state();
    let shown = state.hub.0.iter().map(|(id, channel)| view(id, channel, &headers));
    Ok(Json(json!({ "entities": shown.collect::<Vec<_>>() })))
}

/// The socket is on the host the caller used.
fn view(id: &str, channel: &Channel, headers: &HeaderMap) -> Value {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let uri = format!("ws://{host}/channels/{id}");
    json!({ "id": id, "connectUri": uri, "expires": iso(channel.expires) })
}

pub(super) async fn list(Of(tool): Of<GenesysCloud>, Path(id): Path<String>) -> Answer {
    let mut state = tool.state();
    Ok(listing(live(&mut state, &id)?))
}

pub(super) async fn add(Of(tool): Of<GenesysCloud>, Path(id): Path<String>, body: Bytes) -> Answer {
    let mut topics = topics(&body)?;
    let mut state = tool.state();
    let expires = state.now() + CHANNEL_MS;
    let channel = live(&mut state, &id)?;
    topics.retain(|topic| !channel.topics.contains(topic));
    if channel.topics.len() + topics.len() > TOPICS_MAX {
        return Err(Refusal::bad_request("a channel has at most 1000 topics"));
    }
    channel.topics.extend(topics);
    channel.expires = expires;
    Ok(listing(channel))
}

pub(super) async fn replace(
    Of(tool): Of<GenesysCloud>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let topics = topics(&body)?;
    let mut state = tool.state();
    let expires = state.now() + CHANNEL_MS;
    let channel = live(&mut state, &id)?;
    if topics.len() > TOPICS_MAX {
        return Err(Refusal::bad_request("a channel has at most 1000 topics"));
    }
    channel.topics = topics;
    channel.expires = expires;
    Ok(listing(channel))
}

pub(super) async fn clear(
    Of(tool): Of<GenesysCloud>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let mut state = tool.state();
    live(&mut state, &id)?.topics.clear();
    Ok(axum::http::StatusCode::NO_CONTENT.into_response())
}

fn live<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Channel, Refusal> {
    let now = state.now();
    let channel = state.hub.0.get_mut(id).filter(|channel| channel.expires > now);
    channel.ok_or_else(|| Refusal::not_found("the channel"))
}

fn listing(channel: &Channel) -> Json<Value> {
    let shown = channel.topics.iter().map(|topic| json!({ "id": topic, "state": "Permitted" }));
    Json(json!({ "entities": shown.collect::<Vec<_>>() }))
}

fn topics(body: &[u8]) -> Result<Vec<String>, Refusal> {
    let body = parse(body)?;
    let known = |topic: &str| {
        let detail = "v2.detail.events.conversation.";
        [detail, "v2.routing.queues.", "v2.users."].iter().any(|start| topic.starts_with(start))
    };
    let topics = body.as_array().into_iter().flatten().map(|topic| {
        let topic = topic["id"].as_str().filter(|topic| known(topic));
        topic.map(str::to_owned).ok_or_else(|| Refusal::bad_request("an unknown topic"))
    });
    topics.collect()
}

/// `GET connectUri`, upgraded. A second socket replaces the first.
pub(super) async fn socket(
    Of(tool): Of<GenesysCloud>,
    Path(id): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let (sender, receiver) = unbounded_channel();
    let time = {
        let mut state = tool.state();
        match live(&mut state, &id) {
            Ok(channel) => channel.socket = Some(sender),
            Err(refusal) => return refusal.into_response(),
        }
        state.time()
    };
    upgrade.on_upgrade(async move |socket| {
        let until_cut = converse(socket, receiver, time);
        // The peer decides how the connection ends.
        let _ended = until_cut.await;
    })
}

async fn converse(
    mut socket: WebSocket,
    mut told: UnboundedReceiver<String>,
    time: crate::time::Time,
) -> Result<(), axum::Error> {
    loop {
        let frame = tokio::select! {
            frame = told.recv() => match frame {
                Some(frame) => frame,
                None => return Ok(()),
            },
            () = time.sleep(HEARTBEAT) => {
                frame("channel.metadata", &json!({ "message": "WebSocket Heartbeat" }))
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) if is_ping(&text) => {
                    frame("channel.metadata", &json!({ "message": "pong" }))
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        };
        socket.send(Message::Text(frame.into())).await?;
    }
}

fn is_ping(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|frame| frame["message"] == "ping")
}
