//! Callbacks of an instance: `POST /connectors/{name}/callback/{key}`. They are not signed, so the
//! path contains a secret.
//!
//! An instance may send a callback twice or out of order, and it may not repeat one that fails.
//! So each callback is stored before it is answered, and one that comes before its chat is known
//! waits for a moment.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use connector::{
    ConnectorEvent, EventKind, Failure, HandoverRef, Host, InboundRequest, Proof, TellError,
};
use edge::{http::ApiError, ids, secrets};
use http::{Method, StatusCode};
use moka::sync::Cache;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use wire::problem::ProblemId;

use super::{
    checkpoint::Checkpoint,
    elements::{self, ConversationState},
    virtual_agent::{Conversant, VirtualAgent},
};

/// An instance waits five seconds for the answer. A callback waits at most this long for its chat.
const OPENING_WAIT: Duration = Duration::from_secs(4);
const OPENING_LOOK: Duration = Duration::from_millis(20);
/// Texts may arrive this much later than the end of their conversation.
const OVER_WAIT: Duration = Duration::from_millis(1_500);
/// Between two attempts at what the instance or the store did not take.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// A callback with the same content within this time is a repeat.
const REPEAT_WINDOW: Duration = Duration::from_secs(10);
/// Most requests and most callbacks that are remembered of a conversation.
const REMEMBERED_MAX: usize = 64;
/// Most conversations that are remembered. A chat goes on without what is forgotten.
const CONVERSATIONS_MAX: u64 = 10_000;

/// What this process has read in callbacks, by `clientSessionId`. Clones share it.
#[derive(Clone)]
pub(super) struct CallbackHistory(Cache<String, Arc<Mutex<Heard>>>);

/// What was read in the callbacks of one conversation.
#[derive(Default)]
struct Heard {
    state: ConversationState,
    /// Held while one callback is worked off: callbacks of a conversation keep their order.
    turn: Arc<tokio::sync::Mutex<()>>,
    asked_again: bool,
    /// Ids of requests that were answered.
    requests: VecDeque<String>,
    /// Fingerprints of callbacks that were stored.
    stored: VecDeque<(u64, Instant)>,
}

impl Default for CallbackHistory {
    fn default() -> Self {
        Self(Cache::new(CONVERSATIONS_MAX))
    }
}

impl CallbackHistory {
    /// Whether a callback has answered this request.
    pub(super) fn has_answered(&self, session: &str, request: &str) -> bool {
        let heard = self.0.get(session);
        heard.is_some_and(|heard| heard.lock().requests.iter().any(|id| id == request))
    }

    pub(super) fn forget(&self, session: &str) {
        self.0.invalidate(session);
    }

    fn of(&self, session: &str) -> Arc<Mutex<Heard>> {
        self.0.get_with_by_ref(session, Arc::default)
    }
}

impl Heard {
    fn note_request(&mut self, request: &str) {
        if self.requests.iter().all(|id| id != request) {
            self.requests.push_back(request.to_owned());
            keep_latest(&mut self.requests);
        }
    }

    /// Whether the same callback was stored a moment ago.
    fn repeats(&mut self, fingerprint: u64) -> bool {
        self.stored.retain(|(_, at)| at.elapsed() < REPEAT_WINDOW);
        self.stored.iter().any(|(stored, _)| *stored == fingerprint)
    }

    fn note_stored(&mut self, fingerprint: u64) {
        self.stored.push_back((fingerprint, Instant::now()));
        keep_latest(&mut self.stored);
    }
}

/// Forgets the oldest.
fn keep_latest<T>(items: &mut VecDeque<T>) {
    while items.len() > REMEMBERED_MAX {
        items.pop_front();
    }
}

/// One callback whose chat is known.
struct Callback<'a> {
    session: &'a str,
    handover: HandoverRef,
    body: &'a Value,
    fingerprint: u64,
    heard: Arc<Mutex<Heard>>,
}

/// Whether the call may go on to [`receive`]; only its path and headers are looked at.
pub(super) fn admit(agent: &VirtualAgent, call: &InboundRequest) -> Result<Proof, ApiError> {
    let Some(key) = call.path.strip_prefix("callback/").filter(|_| call.method == Method::POST)
    else {
        let detail = "Send callbacks with POST to `/connectors/{name}/callback/{key}`.";
        return Err(ApiError::new(ProblemId::NotFound, detail));
    };
    let access = &agent.callback;
    let has_header = access.header.as_ref().is_none_or(|(name, value)| call.carries(name, value));
    if !secrets::matches(&access.key, key) || !has_header {
        let detail = "The callback URL or its fixed header is not the configured one.";
        return Err(ApiError::new(ProblemId::Unauthorized, detail));
    }
    Ok(Proof::Given)
}

pub(super) async fn receive(
    agent: &Arc<VirtualAgent>,
    history: &CallbackHistory,
    host: &Arc<dyn Host>,
    mut call: InboundRequest,
) -> Result<Response, ApiError> {
    let fingerprint = ids::fingerprint(&call.body);
    let body: Value = call.take_json()?;
    let Some(session) = body["clientSessionId"].as_str() else {
        tracing::info!("a callback has no clientSessionId");
        return Ok(StatusCode::OK.into_response());
    };
    let heard = history.of(session);
    let turn = heard.lock().turn.clone();
    let _turn = turn.lock().await;
    let Some(handover) = find(host, session).await? else {
        tracing::info!(session, "a callback is for a chat that is over");
        history.forget(session);
        return Ok(StatusCode::OK.into_response());
    };
    let callback = Callback { session, handover, body: &body, fingerprint, heard };
    if store(agent, host, &callback).await? {
        end(history, host, &callback).await?;
    }
    Ok(StatusCode::OK.into_response())
}

/// The chat of a conversation. Waits for a chat that is being opened.
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

/// Stores the events of a callback; returns whether the conversation is over.
async fn store(
    agent: &Arc<VirtualAgent>,
    host: &Arc<dyn Host>,
    callback: &Callback<'_>,
) -> Result<bool, ApiError> {
    let Callback { handover, body, fingerprint, heard, .. } = callback;
    let request = body["requestId"].as_str().unwrap_or_default();
    let (content, repeats, asks) = {
        let mut heard = heard.lock();
        heard.note_request(request);
        let content = elements::read(body, &mut heard.state, &agent.texts);
        // A bot that answers the opening itself has only begun the conversation.
        let is_opening = request == format!("{}/{}-0", handover.chat, handover.opening);
        let asks = is_opening && !heard.state.queued && !content.over && !heard.asked_again;
        heard.asked_again |= asks;
        (content, heard.repeats(*fingerprint), asks)
    };
    if asks {
        let agent_request = AgentRequest {
            user_id: body["userId"].as_str().unwrap_or_default().to_owned(),
            session: callback.session.to_owned(),
            id: format!("{request}/again"),
            heard: heard.clone(),
        };
        tokio::spawn(agent_request.send(agent.clone(), host.clone()));
    }
    for event in content.events {
        let is_text = matches!(event.kind, EventKind::Said { .. } | EventKind::Notice(_));
        if !(repeats && is_text && event.id.is_none())
            && let Err(error) = host.tell(handover, event, None).await
        {
            // If the callback is repeated, its agent has to be told again.
            heard.lock().state.agent = None;
            return Err(error.into());
        }
    }
    heard.lock().note_stored(*fingerprint);
    Ok(content.over)
}

/// Asks a second time for a human agent.
struct AgentRequest {
    user_id: String,
    session: String,
    id: String,
    heard: Arc<Mutex<Heard>>,
}

impl AgentRequest {
    /// Sends it until the instance takes it. The answer is a callback of its own. Without one the
    /// queue's clock ends the chat, and this ends with the chat.
    async fn send(self, agent: Arc<VirtualAgent>, host: Arc<dyn Host>) {
        let conversant = Conversant { user_id: &self.user_id, session: &self.session };
        let is_wanted = || {
            let heard = self.heard.lock();
            let is_answered = heard.state.queued || heard.requests.contains(&self.id);
            !is_answered && host.find(&self.session).is_some()
        };
        while is_wanted() {
            let Err(failure) = agent.ask_again(&conversant, &self.id).await else { return };
            let detail = failure.detail();
            tracing::warn!(detail, "the second request for a human agent failed");
            if !matches!(failure, Failure::Later { .. } | Failure::Unknown { .. }) {
                break;
            }
            if !pause(&host, RETRY_PAUSE).await {
                return;
            }
        }
        // If the callback is repeated, it may try again.
        self.heard.lock().asked_again = false;
    }
}

/// Waits; returns false if the bridge stops meanwhile.
async fn pause(host: &Arc<dyn Host>, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = host.stop().cancelled() => false,
    }
}

/// Stores that the conversation is over, and ends the chat a moment later: a callback with texts
/// may come after the one with the end.
async fn end(
    history: &CallbackHistory,
    host: &Arc<dyn Host>,
    callback: &Callback<'_>,
) -> Result<(), ApiError> {
    let session = callback.session.to_owned();
    let checkpoint = Checkpoint { session: session.clone(), over: true }.text();
    let nothing = ConnectorEvent::plain(EventKind::Notice(String::new()));
    let stored = host.tell(&callback.handover, nothing, Some(checkpoint)).await;
    let (history, host, handover) = (history.clone(), host.clone(), callback.handover.clone());
    tokio::spawn(async move {
        // If the bridge stops, the next process ends the chat: it is in the checkpoint.
        if pause(&host, OVER_WAIT).await {
            history.forget(&session);
            tell_end(&host, &handover).await;
        }
    });
    stored.map_err(ApiError::from)
}

/// Tells the end until it is stored: the instance may not repeat it.
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
