//! The visitor API: `POST /v1/bots/{botId}/visitors`, and under `/v1/conversation` messages,
//! typing, and the long poll that carries the same events as the stream.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Path, RawQuery, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use edge::{
    http::{ApiError, bearer, json, read_body},
    ids,
};
use http::{HeaderMap, StatusCode};
use machine::{
    Recorded,
    conversation::{BotEvent, Event, Input, Said},
    limits,
};
use secrecy::ExposeSecret as _;
use serde_json::value::RawValue;
use store::{Key, Seen, Stepped};
use wire::{
    problem::ProblemId,
    visitor::{Accepted, NewMessage, NewVisitor, VisitorCreated},
};

use super::problem;
use crate::{IpFrom, app::App, bot::Bot, events, facts::Extra, limit};

/// `POST /v1/bots/{botId}/visitors`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    bot_id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if !problem::may_be_json(&headers) {
        return Err(problem::not_json());
    }
    let body = read_body(body, limit::VISITOR_BODY_BYTES_MAX).await?;
    let new = NewVisitor::parse(&body)?;
    let bot = bot_id.ok().and_then(|Path(bot_id)| app.bots.get(&bot_id));
    let bot = bot.ok_or_else(|| {
        ApiError::new(ProblemId::NotFound, "No such bot; check the id of the bot.")
    })?;
    let made = app.visitors.create(&bot.config.id, &bot.ledger, new, app.clock.now());
    let made = made.await.map_err(|error| problem::store(&error))?;
    let created = VisitorCreated { user_id: &made.user, token: made.token.expose_secret() };
    Ok(json(StatusCode::CREATED, &created))
}

/// `POST /v1/conversation/messages`
pub(super) async fn say(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if !problem::may_be_json(&headers) {
        return Err(problem::not_json());
    }
    let Caller { bot, conversation } = Caller::of(&app, &headers).await?;
    let body = read_body(body, limit::VISITOR_BODY_BYTES_MAX).await?;
    let message = NewMessage::parse(&body, limits::TEXT_CHARS_MAX, limits::CLIENT_ID_CHARS_MAX)?;
    let client_id = message.client_id;
    let extra = Extra {
        page: message.page,
        parameters: message.parameters,
        ip: bot.config.facts.ip.and_then(|from| address(from, peer, &headers)),
    };
    let said = Said {
        text: message.text,
        extra: extra.to_json(),
        event: message.event.map(|event| BotEvent {
            name: event.name,
            parameters: serde_json::Value::Object(event.parameters).to_string(),
        }),
    };
    let webhook_headers = message.webhook_headers.into_iter();
    let webhook_headers = webhook_headers.map(|(name, value)| (name, value.into()));
    let key = Key { id: format!("msg:{client_id}"), fingerprint: print(&said) };
    let input = Input::VisitorSaid { client_id: client_id.clone(), said };
    let stepped = app.step(&bot, &conversation, Some(key), input);
    let stepped = stepped.await.map_err(|error| problem::step(&error))?;
    let seq = seq_of(&bot, &conversation, &client_id, &stepped).await?;
    if !stepped.repeated {
        app.credentials.keep(&conversation, seq, webhook_headers.collect());
    }
    app.drive(&bot, &conversation, Arc::unwrap_or_clone(stepped.state));
    Ok(json(StatusCode::ACCEPTED, &Accepted { seq }))
}

/// `POST /v1/conversation/end`: the visitor ends the live chat; without one nothing happens. A
/// human who does not hear of it would take the conversation back.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let Caller { bot, conversation } = Caller::of(&app, &headers).await?;
    if !bot.config.webhook.as_ref().is_some_and(|webhook| webhook.endings) {
        let detail = "The bot's webhook is not told of endings: set `webhook.endings = true`.";
        return Err(ApiError::new(ProblemId::Forbidden, detail));
    }
    let stepped = app.step(&bot, &conversation, None, Input::VisitorLeft).await;
    let stepped = stepped.map_err(|error| problem::step(&error))?;
    app.drive(&bot, &conversation, Arc::unwrap_or_clone(stepped.state));
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/conversation/typing`
pub(super) async fn types(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let Caller { bot, conversation } = Caller::of(&app, &headers).await?;
    let passed_on = app.visitor_types(&bot, &conversation).await;
    passed_on.map_err(|error| problem::store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/conversation/events?after=N&wait=25`
pub(super) async fn events(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Caller { bot, conversation } = Caller::of(&app, &headers).await?;
    let query = query.unwrap_or_default();
    let after =
        number(&query, "after").ok_or_else(|| problem::not_a_number("after"))?.min(i64::MAX as u64);
    let wait = number(&query, "wait")
        .ok_or_else(|| problem::not_a_number("wait"))?
        .min(limit::POLL_SECONDS_MAX);
    let page = bot.ledger.events(&conversation, after, limits::PAGE_EVENTS_MAX).await;
    let page = page.map_err(|error| problem::store(&error))?;
    if !page.is_empty() || wait == 0 {
        return Ok(Page::of(&page, after).into_response());
    }
    let waited = tokio::select! {
        page = next(&app, &bot, &conversation, after) => page?,
        () = tokio::time::sleep(Duration::from_secs(wait)) => Page::of(&[], after),
        () = app.shutdown.cancelled() => Page::of(&[], after),
    };
    Ok(waited.into_response())
}

/// Who calls: a visitor, and the conversation they have with which bot.
pub(super) struct Caller {
    pub(super) bot: Arc<Bot>,
    pub(super) conversation: String,
}

impl Caller {
    async fn of(app: &App, headers: &HeaderMap) -> Result<Self, ApiError> {
        Self::with_token(app, bearer(headers).unwrap_or_default()).await
    }

    pub(super) async fn with_token(app: &App, token: &str) -> Result<Self, ApiError> {
        let found = app.visitors.with_token(token, app.clock.now()).await;
        let found = found.map_err(|error| problem::store(&error))?;
        let (visitor, conversation) = found.ok_or_else(problem::unauthorized)?;
        let bot = app.bots.get(&visitor.bot).ok_or_else(problem::unauthorized)?;
        Ok(Self { bot: Arc::clone(bot), conversation })
    }
}

/// What makes two messages with the same `clientId` the same message. Where the visitor is may
/// change between two attempts.
fn print(said: &Said) -> u64 {
    let event = said.event.as_ref().map(|event| (&event.name, &event.parameters));
    let parameters = Extra::of(said).parameters;
    ids::fingerprint(format!("{:?}", (&said.text, event, parameters)).as_bytes())
}

fn address(from: IpFrom, peer: SocketAddr, headers: &HeaderMap) -> Option<String> {
    match from {
        IpFrom::Peer => Some(peer.ip().to_string()),
        IpFrom::ForwardedFor => {
            let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
            let last = last.rsplit(',').next()?.trim();
            last.parse::<IpAddr>().ok().map(|address| address.to_string())
        }
    }
}

/// The number of the visitor's own event. It need not be the first of its step: a pause may have
/// ended just before it.
async fn seq_of(
    bot: &Bot,
    conversation: &str,
    client_id: &str,
    stepped: &Stepped<machine::conversation::Conversation>,
) -> Result<u64, ApiError> {
    if let Some(seq) = own(&stepped.events, client_id) {
        return Ok(seq);
    }
    let before = stepped.first_seq.saturating_sub(1);
    let then = bot.ledger.events(conversation, before, 8).await;
    let then = then.map_err(|error| problem::store(&error))?;
    Ok(own(&then, client_id).unwrap_or(stepped.first_seq))
}

fn own(events: &[Recorded<Event>], client_id: &str) -> Option<u64> {
    let own = events.iter().find(|recorded| {
        matches!(&recorded.event, Event::VisitorSaid { client_id: id, .. } if id == client_id)
    });
    own.map(|recorded| recorded.position.seq)
}

/// Waits for the next events. Somebody who began to type before this poll did was in an earlier
/// answer already.
async fn next(app: &App, bot: &Bot, conversation: &str, after: u64) -> Result<Page, ApiError> {
    let began = app.clock.now();
    let mut watcher = bot.ledger.watch(conversation, after);
    loop {
        match watcher.next().await.map_err(|error| problem::store(&error))? {
            Seen::Events(events) => return Ok(Page::of(&events, after)),
            Seen::Ephemeral { text, until } if until - limits::TYPING_MS >= began => {
                return Ok(Page { events: vec![text.to_string()], next: after });
            }
            Seen::Ephemeral { .. } => {}
        }
    }
}

/// Events as JSON, each encoded already, and the cursor after them.
struct Page {
    events: Vec<String>,
    next: u64,
}

impl Page {
    fn of(recorded: &[Recorded<Event>], after: u64) -> Self {
        Self {
            events: recorded.iter().filter_map(events::encode).collect(),
            next: recorded.last().map_or(after, |last| last.position.seq),
        }
    }

    fn into_response(self) -> Response {
        #[derive(serde::Serialize)]
        struct Written {
            events: Box<RawValue>,
            next: u64,
        }
        match RawValue::from_string(format!("[{}]", self.events.join(","))) {
            Ok(events) => json(StatusCode::OK, &Written { events, next: self.next }),
            Err(error) => ApiError::internal(&error).into_response(),
        }
    }
}

/// A whole number in the query, 0 when it is not there; `None` when it is something else.
fn number(query: &str, name: &str) -> Option<u64> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    match pairs.find(|(key, _)| key == name) {
        Some((_, value)) => value.parse().ok(),
        None => Some(0),
    }
}
