//! Callbacks of an instance: `POST /connectors/{name}/callback/{key}`. They are unsigned, so the
//! path holds a secret. Nothing promises that one is sent twice when it is not taken, nor that
//! none comes twice or out of turn; so each is stored before it is answered, and what comes before
//! its chat is known here waits for a moment.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use connector::{ConnectorEvent, EventKind, Failure, HandoverRef, Host, InboundRequest, TellError};
use edge::{http::ApiError, ids, secrets};
use http::{Method, StatusCode};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use wire::problem::ProblemId;

use super::{
    conversation::Checkpoint,
    elements::{self, Known},
    virtual_agent::{Party, VirtualAgent},
};

/// An instance waits five seconds for the answer; so long may a chat be on its way here.
const OPENING_WAIT: Duration = Duration::from_secs(4);
const OPENING_LOOK: Duration = Duration::from_millis(20);
/// Texts may still follow their end.
const OVER_WAIT: Duration = Duration::from_millis(1_500);
/// Between two attempts at what an instance or the store did not take.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Texts without an id that come again within this time are the same ones.
const REPEAT_WINDOW: Duration = Duration::from_secs(10);
/// Requests and texts that are remembered of a conversation.
const REMEMBERED_MAX: usize = 64;
/// Conversations that are remembered; all of it can be done without.
const CONVERSATIONS_MAX: usize = 10_000;

/// What this process heard in conversations. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<HashMap<String, Arc<Mutex<Heard>>>>>);

#[derive(Default)]
struct Heard {
    known: Known,
    /// One callback of a conversation at a time, first come first served.
    turn: Arc<tokio::sync::Mutex<()>>,
    asked_again: bool,
    requests: VecDeque<String>,
    texts: VecDeque<(u64, Instant)>,
}

impl Memory {
    /// Whether a callback has answered this request.
    pub(super) fn has_answered(&self, session: &str, request: &str) -> bool {
        let heard = self.0.lock().get(session).cloned();
        heard.is_some_and(|heard| heard.lock().requests.iter().any(|id| id == request))
    }

    pub(super) fn forget(&self, session: &str) {
        self.0.lock().remove(session);
    }

    fn of(&self, session: &str) -> Arc<Mutex<Heard>> {
        let mut all = self.0.lock();
        if all.len() >= CONVERSATIONS_MAX && !all.contains_key(session) {
            all.clear();
        }
        all.entry(session.to_owned()).or_default().clone()
    }
}

impl Heard {
    fn remember(&mut self, request: &str) {
        if self.requests.iter().all(|id| id != request) {
            self.requests.push_back(request.to_owned());
            keep_latest(&mut self.requests);
        }
    }

    /// Whether the same callback was stored a moment ago.
    fn repeats(&mut self, fingerprint: u64) -> bool {
        self.texts.retain(|(_, at)| at.elapsed() < REPEAT_WINDOW);
        self.texts.iter().any(|(text, _)| *text == fingerprint)
    }

    fn stored(&mut self, fingerprint: u64) {
        self.texts.push_back((fingerprint, Instant::now()));
        keep_latest(&mut self.texts);
    }
}

/// Forgets the oldest.
fn keep_latest<T>(items: &mut VecDeque<T>) {
    while items.len() > REMEMBERED_MAX {
        items.pop_front();
    }
}

pub(super) async fn receive(
    agent: &Arc<VirtualAgent>,
    memory: &Memory,
    host: &Arc<dyn Host>,
    call: &InboundRequest,
) -> Result<Response, ApiError> {
    let Some(key) = call.path.strip_prefix("callback/").filter(|_| call.method == Method::POST)
    else {
        let detail = "Send callbacks with POST to `/connectors/{name}/callback/{key}`.";
        return Err(ApiError::new(ProblemId::NotFound, detail));
    };
    let access = &agent.callback;
    let has_header = access.header.as_ref().is_none_or(|(name, value)| {
        let presented = call.headers.get(name).and_then(|value| value.to_str().ok());
        presented.is_some_and(|presented| secrets::matches(value, presented))
    });
    if !secrets::matches(&access.key, key) || !has_header {
        let detail = "The callback URL or its fixed header is not the configured one.";
        return Err(ApiError::new(ProblemId::Unauthorized, detail));
    }
    let callback: Value = serde_json::from_slice(&call.body)
        .map_err(|error| ApiError::new(ProblemId::NotJson, format!("Send JSON: {error}.")))?;
    let Some(session) = callback["clientSessionId"].as_str() else {
        tracing::info!("a callback names no clientSessionId");
        return Ok(StatusCode::OK.into_response());
    };
    let heard = memory.of(session);
    let turn = heard.lock().turn.clone();
    let _turn = turn.lock().await;
    let Some(handover) = find(host, session).await? else {
        tracing::info!(session, "a callback came for a chat that is over");
        memory.forget(session);
        return Ok(StatusCode::OK.into_response());
    };
    let over = tell(agent, &heard, host, (&handover, session), (&callback, &call.body)).await?;
    if over {
        end(memory, host, &handover, session).await?;
    }
    Ok(StatusCode::OK.into_response())
}

/// The chat of a conversation; one that is just being opened is waited for.
async fn find(host: &Arc<dyn Host>, session: &str) -> Result<Option<HandoverRef>, ApiError> {
    let chat = session.rsplit_once('.').map_or("", |(chat, _)| chat);
    let start = Instant::now();
    loop {
        if let Some(handover) = host.find(session) {
            return Ok(Some(handover));
        }
        if !host.is_opening(chat) {
            // It may have been stored between the two looks.
            return Ok(host.find(session));
        }
        if start.elapsed() > OPENING_WAIT {
            let detail = "The chat is still being opened: send the callback again.";
            return Err(ApiError::new(ProblemId::Unavailable, detail));
        }
        tokio::time::sleep(OPENING_LOOK).await;
    }
}

/// Stores what a callback tells; whether the conversation is over.
async fn tell(
    agent: &Arc<VirtualAgent>,
    heard: &Arc<Mutex<Heard>>,
    host: &Arc<dyn Host>,
    (handover, session): (&HandoverRef, &str),
    (callback, raw): (&Value, &[u8]),
) -> Result<bool, ApiError> {
    let request = callback["requestId"].as_str().unwrap_or_default();
    let fingerprint = ids::fingerprint(raw);
    let (told, repeats, asks) = {
        let mut heard = heard.lock();
        heard.remember(request);
        let told = elements::read(callback, &mut heard.known, &agent.words);
        // A bot that answers the opening itself has only begun the conversation.
        let opening = request == format!("{}/{}-0", handover.chat, handover.opening);
        let asks = opening && !heard.known.queued && !told.over && !heard.asked_again;
        heard.asked_again |= asks;
        (told, heard.repeats(fingerprint), asks)
    };
    if asks {
        let user_id = callback["userId"].as_str().unwrap_or_default().to_owned();
        let asking = Asking {
            user_id,
            session: session.to_owned(),
            id: format!("{request}/again"),
            heard: heard.clone(),
        };
        tokio::spawn(asking.ask(agent.clone(), host.clone()));
    }
    for news in told.news {
        let words = matches!(news.kind, EventKind::Said { .. } | EventKind::Notice(_));
        if !(repeats && words && news.id.is_none())
            && let Err(error) = host.tell(handover, news, None).await
        {
            // Should it come again, everything in it is news again.
            heard.lock().known.agent = None;
            return Err(error.into());
        }
    }
    heard.lock().stored(fingerprint);
    Ok(told.over)
}

/// An agent that has to be asked for again.
struct Asking {
    user_id: String,
    session: String,
    id: String,
    heard: Arc<Mutex<Heard>>,
}

impl Asking {
    /// Asks until the instance takes it. The answer is a callback of its own; without one the
    /// queue's clock ends the chat, and with the chat this.
    async fn ask(self, agent: Arc<VirtualAgent>, host: Arc<dyn Host>) {
        let party = Party { user_id: &self.user_id, session: &self.session };
        let is_wanted = || {
            let heard = self.heard.lock();
            let is_answered = heard.known.queued || heard.requests.contains(&self.id);
            !is_answered && host.find(&self.session).is_some()
        };
        while is_wanted() {
            let Err(failure) = agent.ask_again(&party, &self.id).await else { return };
            tracing::warn!(detail = failure.detail(), "an agent could not be asked for again");
            if !matches!(failure, Failure::Later { .. } | Failure::Unknown { .. }) {
                break;
            }
            if !pause(&host, RETRY_PAUSE).await {
                return;
            }
        }
        // A callback that comes again may try again.
        self.heard.lock().asked_again = false;
    }
}

/// Waits; false where the bridge stops meanwhile.
async fn pause(host: &Arc<dyn Host>, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = host.stop().cancelled() => false,
    }
}

/// Stores that the conversation is over, and tells it a moment later: callbacks may change places.
async fn end(
    memory: &Memory,
    host: &Arc<dyn Host>,
    handover: &HandoverRef,
    session: &str,
) -> Result<(), ApiError> {
    let checkpoint = Checkpoint { session: session.to_owned(), over: true }.text();
    let nothing = ConnectorEvent::plain(EventKind::Notice(String::new()));
    let stored = host.tell(handover, nothing, Some(checkpoint)).await;
    let (host, handover) = (host.clone(), handover.clone());
    let (memory, session) = (memory.clone(), session.to_owned());
    tokio::spawn(async move {
        // Where the bridge stops, the next process tells it: it is in the checkpoint.
        if pause(&host, OVER_WAIT).await {
            memory.forget(&session);
            tell_end(&host, &handover).await;
        }
    });
    stored.map_err(ApiError::from)
}

/// Tells the end until it is stored: an instance may never say it again.
async fn tell_end(host: &Arc<dyn Host>, handover: &HandoverRef) {
    loop {
        match host.tell(handover, ConnectorEvent::plain(EventKind::Ended), None).await {
            Ok(()) | Err(TellError::Refused(_)) => return,
            Err(error) => tracing::error!(%error, "the end of a conversation is not stored yet"),
        }
        if !pause(host, RETRY_PAUSE).await {
            return;
        }
    }
}
