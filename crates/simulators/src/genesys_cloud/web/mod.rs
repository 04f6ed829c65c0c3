//! Web Messaging: one WebSocket per visitor, `GET /v1?deploymentId=…`, whose session outlives it
//! under the token the visitor chose. Also the deployment's settings and the history.

use axum::{
    Json,
    extract::{
        Path, Query, State as Of,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode, header::ORIGIN},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    ConversationDisconnect, GenesysCloud,
    errors::Refusal,
    login::bearer,
    state::{Author, session::Socket},
    web_frames,
};

mod actions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connect {
    deployment_id: String,
}

/// `GET /webdeployments/v1/deployments/{id}/config.json`
pub(super) async fn config(
    Of(tool): Of<GenesysCloud>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let options = tool.options();
    if id != options.deployment_id {
        return Err(Refusal::not_found("the deployment"));
    }
    let kind = match options.conversation_disconnect {
        ConversationDisconnect::Off | ConversationDisconnect::Send => "Send",
        ConversationDisconnect::ReadOnly => "ReadOnly",
    };
    let disconnects = options.conversation_disconnect != ConversationDisconnect::Off;
    Ok(Json(json!({
        "id": id,
        "version": "1",
        "languages": ["en-us"],
        "defaultLanguage": "en-us",
        "messenger": {
            "enabled": true,
            "apps": {
                "conversations": {
                    "messagingEndpoint": "",
                    "showAgentTypingIndicator": true,
                    "showUserTypingIndicator": true,
                    "autoStart": { "enabled": true },
                    "conversationDisconnect": { "enabled": disconnects, "type": kind },
                    "conversationClear": { "enabled": options.conversation_clear },
                },
            },
        },
        "auth": { "enabled": false },
        "status": "Active",
    })))
}

pub(super) async fn socket(
    Of(tool): Of<GenesysCloud>,
    Query(connect): Query<Connect>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let options = tool.options();
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    if !options.origins.is_empty() && !options.origins.iter().any(|known| known == origin) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if connect.deployment_id != options.deployment_id {
        return StatusCode::BAD_REQUEST.into_response();
    }
    upgrade.on_upgrade(async move |socket| {
        let (sender, told) = unbounded_channel();
        let id = tool.state().ids.number();
        // The peer decides how the connection ends.
        let _ended = converse(&tool, socket, Socket { id, sender }, told).await;
        for session in tool.state().web.values_mut() {
            session.sockets.retain(|socket| socket.id != id);
        }
    })
}

/// The session owns the socket's sender once it is configured; dropping it there closes the
/// connection.
async fn converse(
    tool: &GenesysCloud,
    mut socket: WebSocket,
    own: Socket,
    mut told: UnboundedReceiver<String>,
) -> Result<(), axum::Error> {
    let id = own.id;
    let mut own = Some(own);
    loop {
        let frames = tokio::select! {
            frame = told.recv() => match frame {
                Some(frame) => vec![frame],
                None => return Ok(()),
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => actions::work_off(tool, id, &mut own, &text),
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        };
        for frame in frames {
            socket.send(Message::Text(frame.into())).await?;
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Page {
    page_number: usize,
    page_size: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { page_number: 1, page_size: 25 }
    }
}

/// `GET /api/v2/webmessaging/messages`, latest first.
pub(super) async fn history(
    Of(tool): Of<GenesysCloud>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let state = tool.state();
    let jwt = bearer(&headers).ok_or_else(Refusal::no_token)?;
    let mut sessions = state.web.iter();
    let session = sessions.find(|(_, session)| session.jwt.as_deref() == Some(jwt));
    let (token, _) = session.ok_or_else(Refusal::bad_token)?;
    let conversations = state.conversations.iter().filter(|each| each.customer_id() == token);
    let said = conversations.flat_map(|conversation| {
        let messages = conversation.messages.iter();
        let messages = messages.filter(|each| !matches!(each.author, Author::Note(_)));
        messages.map(|message| web_frames::message(conversation, message))
    });
    let mut said: Vec<Value> = said.collect();
    said.reverse();
    let (size, total) = (page.page_size.clamp(1, 100), said.len());
    let from = page.page_number.saturating_sub(1) * size;
    let entities: Vec<Value> = said.into_iter().skip(from).take(size).collect();
    Ok(Json(json!({
        "entities": entities,
        "pageSize": size,
        "pageNumber": page.page_number,
        "total": total,
        "pageCount": total.div_ceil(size),
    })))
}
