//! `GET /v1/conversation/stream`: the visitor's events over a WebSocket. The first frame is the
//! visitor's, `{"token","after"}`; then follow all events after the cursor, then live events.
//!
//! Nothing queues up for a socket: it reads from its cursor after each frame is sent. One task for
//! each socket, small buffers, and no timer of its own while idle.

use std::sync::Arc;

use axum::{
    extract::{
        State,
        ws::{Message, rejection::WebSocketUpgradeRejection},
    },
    response::{IntoResponse as _, Response},
};
use edge::{
    http::ApiError,
    limits::{Client, Entered},
    origins::AskedBy,
    socket::{Budget, End, Socket, Unsent, Upgrade},
};
use http::HeaderMap;
use machine::conversation::Conversation;
use serde::Deserialize;
use store::{Seen, Watcher};
use wire::problem::{Problem, ProblemId};

use super::{caller::Caller, origin};
use crate::{app::App, events, limit};

const GOING_AWAY: End = End(1001, "going away");
const TRY_AGAIN: End = End(1013, "try again");
const TOO_MANY_STREAMS: End = End(1013, "too many streams of this visitor");
const BAD_FIRST_FRAME: End = End(4400, "the first frame must be {\"token\",\"after\"}");
const FOREIGN_ORIGIN: End = End(4403, "this bot does not list the origin of the page");
const BAD_TOKEN: End = End(4401, "bad token");
const NO_FIRST_FRAME: End = End(4408, "no first frame in time");
/// A visitor's page sends one frame and answers pings.
const BUDGET: Budget = Budget { burst: 16 * 1024, per_second: 1024 };

/// How a live stream ended.
enum Ended {
    /// We end it and say why.
    ByUs(End),
    /// The other side closed it or is gone.
    ByThem,
}

/// Events as they come
///
/// A WebSocket. Send one `StreamHello` first; each text frame that comes is one `VisitorEvent`.
/// Close codes: 4400 bad first frame, 4401 bad token, 4403 the bot does not list the page's origin,
/// 4408 no first frame within ten seconds, 1008 too many frames, 1013 try again, 1001 going away.
#[utoipa::path(
    get, path = "/conversation/stream", operation_id = "openVisitorStream", tag = "visitor",
    responses(
        (status = 101, description = "The WebSocket is open"),
        (status = 400, response = Problem), (status = 403, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    upgrade: Result<Upgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        let detail = "This is a WebSocket; /v1/conversation/events has the same events.";
        return ApiError::new(ProblemId::InvalidBody, detail).into_response();
    };
    let asked_by = AskedBy::of(&headers);
    if let Err(foreign) = origin::admit_to_any_bot(&app, &asked_by) {
        return foreign.into_response();
    }
    let entered = match client.limits.streams_of_address.enter(&client.address) {
        Ok(entered) => entered,
        Err(exceeded) => return exceeded.into_response(),
    };
    // Boxed, because it is needed for the first frame only.
    let asking = Box::new((client, asked_by));
    upgrade.serve(limit::FRAME_BYTES_MAX, BUDGET, move |socket| async move {
        serve(app, socket, asking).await;
        drop(entered);
    })
}

async fn serve(app: Arc<App>, mut socket: Socket, asking: Box<(Client, AskedBy)>) {
    // Boxed, so that an idle socket does not carry the memory of what happens once.
    let ended = match Box::pin(first_frame(&app, &mut socket, asking)).await {
        Ok((watcher, _entered)) => live(&app, &mut socket, watcher).await,
        Err(ended) => ended,
    };
    if let Ended::ByUs(end) = ended {
        Box::pin(socket.close(end)).await;
    }
}

#[derive(Deserialize)]
struct FirstFrame {
    token: String,
    #[serde(default)]
    after: u64,
}

/// The stream of a visitor, and the visitor's place among the streams that may be open.
async fn first_frame(
    app: &App,
    socket: &mut Socket,
    asking: Box<(Client, AskedBy)>,
) -> Result<(Watcher<Conversation>, Entered), Ended> {
    let frame = tokio::time::timeout(limit::FIRST_FRAME_WAIT, socket.recv()).await;
    let frame = match frame {
        Err(_) => return Err(Ended::ByUs(NO_FIRST_FRAME)),
        Ok(Err(end)) => return Err(Ended::ByUs(end)),
        Ok(Ok(Some(Message::Text(text)))) => wire::json::read::<FirstFrame>(text.as_bytes()),
        Ok(Ok(Some(Message::Close(_)) | None)) => return Err(Ended::ByThem),
        Ok(Ok(Some(_))) => return Err(Ended::ByUs(BAD_FIRST_FRAME)),
    };
    let Ok(FirstFrame { token, after }) = frame else {
        return Err(Ended::ByUs(BAD_FIRST_FRAME));
    };
    let (client, asked_by) = &*asking;
    match Caller::with_token(app, client, &token, asked_by).await {
        Ok(Caller { bot, conversation }) => {
            let entered = client.limits.streams.enter(&conversation);
            let entered = entered.map_err(|_| Ended::ByUs(TOO_MANY_STREAMS))?;
            Ok((bot.ledger.watch(&conversation, after.min(i64::MAX as u64)), entered))
        }
        Err(error) if error.is_unauthorized() => Err(Ended::ByUs(BAD_TOKEN)),
        Err(error) if error.is_forbidden() => Err(Ended::ByUs(FOREIGN_ORIGIN)),
        Err(_) => Err(Ended::ByUs(TRY_AGAIN)),
    }
}

async fn live(app: &App, socket: &mut Socket, mut watcher: Watcher<Conversation>) -> Ended {
    let pulse = app.pulse.slot();
    let mut silent = false;
    loop {
        tokio::select! {
            seen = watcher.next() => match seen {
                // Boxed for the same reason.
                Ok(seen) => {
                    if let Err(ended) = Box::pin(show(app, socket, seen)).await {
                        return ended;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a stream ends because the store cannot be read");
                    return Ended::ByUs(TRY_AGAIN);
                }
            },
            frame = socket.recv() => match frame {
                Ok(Some(Message::Close(_)) | None) => return Ended::ByThem,
                // A pong, or any other sign that the other side is there.
                Ok(Some(_)) => silent = false,
                Err(end) => return Ended::ByUs(end),
            },
            () = pulse.notified() => {
                if silent {
                    return Ended::ByThem;
                }
                silent = true;
                let ping = Message::Ping(bytes::Bytes::new());
                if let Err(ended) = Box::pin(send(socket, ping)).await {
                    return ended;
                }
            }
            () = app.shutdown.cancelled() => return Ended::ByUs(GOING_AWAY),
        }
    }
}

async fn show(
    app: &App,
    socket: &mut Socket,
    seen: Seen<machine::conversation::Event>,
) -> Result<(), Ended> {
    match seen {
        Seen::Events(recorded) => {
            for event in recorded.iter().filter_map(events::encode) {
                send(socket, Message::Text(event.into())).await?;
            }
            Ok(())
        }
        Seen::Ephemeral { text, until } if until > app.clock.now() => {
            send(socket, Message::Text((&*text).into())).await
        }
        Seen::Ephemeral { .. } => Ok(()),
    }
}

async fn send(socket: &mut Socket, message: Message) -> Result<(), Ended> {
    socket.send(message).await.map_err(|unsent| match unsent {
        Unsent::Closed => Ended::ByThem,
        Unsent::Unread => Ended::ByUs(TRY_AGAIN),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a task of this function before it is spawned.
    fn weight<A, B, C, F: Future>(_: fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// Ten thousand idle chats stay a matter of megabytes (a socket's own buffers come on top).
    #[test]
    fn an_idle_stream_weighs_little() {
        let bytes = weight(serve);
        assert!(bytes <= 1_664, "a stream's task weighs {bytes} bytes");
    }
}
