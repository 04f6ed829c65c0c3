//! `GET /desk/api/stream`: the queue and the watched chats as they change, over one WebSocket.
//!
//! There is no queue per agent: every watched chat is a cursor in the store, so a slow reader
//! falls behind there and catches up, or is cut off and comes back with its cursors.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{Message, close_code},
    },
    response::{IntoResponse as _, Response},
};
use edge::{
    ids,
    limits::Client,
    own_page::has_own_origin,
    secrets,
    socket::{Budget, End as Close, Socket, Upgrade},
    time::rfc3339,
};
use futures::{
    StreamExt as _,
    stream::{AbortHandle, BoxStream, SelectAll, abortable, unfold},
};
use http::HeaderMap;
use machine::chat::{Chat, Event};
use secrecy::ExposeSecret;
use store::{Seen, StoreError, Watcher};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior},
};
use wire::{
    desk::{ClientFrame, ServerFrame},
    problem::Problem,
};

use super::{
    super::{App, error},
    chats,
    guard::{SignedIn, foreign_origin},
};
use crate::desk::{board, view};

const FRAME_BYTES_MAX: usize = 4 * 1024;
/// A page that watches a hundred chats at once stays below it.
const BUDGET: Budget = Budget { burst: 32 * 1024, per_second: 4 * 1024 };
/// Most chats one stream watches.
const WATCHED_MAX: usize = 100;
/// How often the session is looked at.
const LOOK: Duration = Duration::from_secs(4);
const PING: Duration = Duration::from_secs(25);
/// A page not heard of for this long is gone.
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// The frames of the stream, for the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ClientFrame, ServerFrame)))]
pub(crate) struct Frames;

/// Events as they come
///
/// A WebSocket. Send `DeskClientFrame`s; each text frame that comes is one
/// `DeskServerFrame`.
#[utoipa::path(
    get, path = "/desk/api/stream", operation_id = "openDeskStream", tag = "desk",
    security(("deskCookie" = [])),
    responses(
        (status = 101, description = "The WebSocket is open"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    signed: SignedIn,
    upgrade: Upgrade,
) -> error::Result<Response> {
    if !has_own_origin(&headers) {
        return Err(foreign_origin());
    }
    let entered = match client.limits.streams.enter(&signed.agent.email) {
        Ok(entered) => entered,
        Err(exceeded) => return Ok(exceeded.into_response()),
    };
    let run = async move |socket| {
        run(&app, signed, socket).await;
        drop(entered);
    };
    Ok(upgrade.serve(FRAME_BYTES_MAX, BUDGET, run))
}

/// Why a stream ends.
enum End {
    /// The page is gone or does not read.
    Gone,
    /// Told to the page with a close code.
    Close(Close),
}

const GOING_AWAY: End = end(close_code::AWAY, "going away");
/// As on the visitor's stream: the same session is refused again.
const SIGNED_OUT: End = end(4401, "signed out");
const TRY_AGAIN: End = end(close_code::AGAIN, "try again");

const fn end(code: u16, reason: &'static str) -> End {
    End::Close(Close(code, reason))
}

type Sight = (String, Result<Seen<Event>, StoreError>);

struct Stream<'a> {
    app: &'a App,
    signed: SignedIn,
    socket: Socket,
    watched: SelectAll<BoxStream<'static, Sight>>,
    handles: HashMap<String, AbortHandle>,
    /// Fingerprint of the last frame of chats, to be silent when nothing in it changed.
    shown: Option<u64>,
    heard: Instant,
    pinged: Instant,
}

async fn run(app: &App, signed: SignedIn, socket: Socket) {
    let now = Instant::now();
    let mut stream = Stream {
        app,
        signed,
        socket,
        watched: SelectAll::new(),
        handles: HashMap::new(),
        shown: None,
        heard: now,
        pinged: now,
    };
    if let Err(End::Close(end)) = stream.serve().await {
        stream.socket.close(end).await;
    }
}

impl Stream<'_> {
    async fn serve(&mut self) -> Result<(), End> {
        let app = self.app;
        let mut changes = app.desk.board.watch();
        let mut ended = app.desk.sessions.ended();
        let session = secrets::hash_hex(self.signed.token.expose_secret());
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let chats = chats::chats_of(app, &self.signed.agent).await.map_err(|_| TRY_AGAIN)?;
        self.show(chats).await?;
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Ok(Some(message)) => self.receive(message).await?,
                    Ok(None) => return Err(End::Gone),
                    Err(too_fast) => return Err(End::Close(too_fast)),
                },
                Some((chat, seen)) = self.watched.next(), if !self.watched.is_empty() => {
                    self.pass_on(chat, seen).await?;
                }
                changed = changes.changed() => {
                    changed.map_err(|_| GOING_AWAY)?;
                    let open = changes.borrow_and_update().clone();
                    let (email, now) = (&self.signed.agent.email, app.clock.now());
                    let closed = app.desk.closed.of(email, now);
                    self.show(board::with_closed(&open, &closed)).await?;
                }
                _ = look.tick() => self.look().await?,
                key = ended.recv() => match key {
                    Ok(key) if key != session => {}
                    Ok(_) | Err(RecvError::Closed) => return Err(SIGNED_OUT),
                    Err(RecvError::Lagged(_)) => self.look().await?,
                },
                () = app.tasks.stop.cancelled() => return Err(GOING_AWAY),
            }
        }
    }

    async fn receive(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        let presence = &self.app.desk.presence;
        presence.seen(&self.signed.agent.email, self.app.clock.now()).await;
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(End::Gone),
            Message::Binary(_) => return Err(end(close_code::UNSUPPORTED, "send text")),
        };
        match wire::json::read(text.as_bytes()) {
            Ok(ClientFrame::Watch { watch, after }) => self.watch(watch, after).await,
            Ok(ClientFrame::Unwatch { unwatch }) => {
                self.unwatch(&unwatch);
                Ok(())
            }
            Err(_) => Err(end(close_code::INVALID, "send a watch or an unwatch")),
        }
    }

    /// Starts over when the chat is watched already. What the agent may not see stays silent.
    async fn watch(&mut self, chat: String, after: u64) -> Result<(), End> {
        self.unwatch(&chat);
        if self.handles.len() >= WATCHED_MAX {
            return Err(end(close_code::POLICY, "too many chats are watched"));
        }
        let found = match chats::find(self.app, &self.signed.agent, chat).await {
            Ok(found) => found,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(_) => return Err(TRY_AGAIN),
        };
        let watcher = found.route.ledger.watch(&found.id, after);
        let (sights, handle) = abortable(sights(found.id.clone(), watcher));
        self.watched.push(sights.boxed());
        self.handles.insert(found.id, handle);
        Ok(())
    }

    fn unwatch(&mut self, chat: &str) {
        if let Some(handle) = self.handles.remove(chat) {
            handle.abort();
        }
    }

    async fn pass_on(
        &mut self,
        chat: String,
        seen: Result<Seen<Event>, StoreError>,
    ) -> Result<(), End> {
        match seen {
            Ok(Seen::Events(events)) => {
                for event in events.iter().filter_map(view::event) {
                    self.send(&ServerFrame::Event { chat: chat.clone(), event }).await?;
                }
                Ok(())
            }
            Ok(Seen::Ephemeral { until, .. }) if until > self.app.clock.now() => {
                self.send(&ServerFrame::Typing { chat, until: rfc3339(until) }).await
            }
            Ok(Seen::Ephemeral { .. }) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "a chat could not be followed");
                Err(TRY_AGAIN)
            }
        }
    }

    async fn show(&mut self, chats: Vec<wire::desk::Chat>) -> Result<(), End> {
        let frame = serde_json::to_string(&ServerFrame::Chats { chats }).map_err(|_| TRY_AGAIN)?;
        let print = Some(ids::fingerprint(frame.as_bytes()));
        if self.shown == print {
            return Ok(());
        }
        self.write(Message::Text(frame.into())).await?;
        self.shown = print;
        Ok(())
    }

    /// Whether the agent is still signed in and the page still there.
    async fn look(&mut self) -> Result<(), End> {
        let (app, now) = (self.app, Instant::now());
        if now - self.heard >= SILENCE_MAX {
            return Err(End::Gone);
        }
        let token = self.signed.token.expose_secret();
        let agents = app.desk.human_agents();
        match app.desk.sessions.agent(&agents, token, app.clock.now()).await {
            Ok(Some(_)) => {}
            Ok(None) => return Err(SIGNED_OUT),
            Err(_) => return Err(TRY_AGAIN),
        }
        if now - self.pinged >= PING {
            self.pinged = now;
            self.write(Message::Ping(bytes::Bytes::new())).await?;
        }
        Ok(())
    }

    async fn send(&mut self, frame: &ServerFrame) -> Result<(), End> {
        let frame = serde_json::to_string(frame).map_err(|_| TRY_AGAIN)?;
        self.write(Message::Text(frame.into())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        self.socket.send(message).await.map_err(|_| End::Gone)
    }
}

/// What a watcher sees, until it fails.
fn sights(chat: String, watcher: Watcher<Chat>) -> impl futures::Stream<Item = Sight> + Send {
    unfold(Some((chat, watcher)), async |following| {
        let (chat, mut watcher) = following?;
        let seen = watcher.next().await;
        let sight = (chat.clone(), seen);
        let going_on = sight.1.is_ok();
        Some((sight, going_on.then_some((chat, watcher))))
    })
}
