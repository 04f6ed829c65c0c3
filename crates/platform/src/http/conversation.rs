//! What a visitor does in the conversation: `POST /v1/conversation/messages`, `/typing`, `/end`.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    response::Response,
};
use edge::{
    http::{SentBy, json, read_body},
    limits::Client,
};
use http::{HeaderMap, StatusCode};
use machine::{
    Recorded,
    conversation::{BotEvent, Conversation, Event, Input, Refusal, Said},
    limits,
};
use store::{Key, StepError, Stepped};
use wire::{
    problem::{Problem, ProblemId},
    shapes::VisitorMessage,
    visitor::{Accepted, NewMessage},
};

use super::{
    caller::Caller,
    error::{HttpError, may_be_json},
    fingerprint,
};
use crate::{app::App, bot::Bot, config::IpFrom, facts::Extra, limit, notify};

/// Stored before it is answered; the same clientId again gives the same answer
#[utoipa::path(
    post, path = "/conversation/messages", operation_id = "sendMessage", tag = "visitor",
    security(("visitorToken" = [])),
    request_body = VisitorMessage,
    responses(
        (status = 202, description = "The message is stored", body = Accepted),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 413, response = Problem), (status = 415, response = Problem),
        (status = 422, response = Problem), (status = 429, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(super) async fn say(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    if !may_be_json(&headers) {
        return Err(HttpError::not_json());
    }
    let Caller { bot, conversation } = Caller::of(&app, &client, &headers).await?;
    let body = read_body(body, limit::VISITOR_BODY_BYTES_MAX, SentBy::Visitor).await?;
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
    // Before the step: the call may begin before this handler goes on, or without it.
    app.visitor_headers.put_aside(&conversation, &client_id, webhook_headers.collect());
    let stepped = say_once(&app, &bot, &conversation, &client_id, said).await;
    if stepped.as_ref().map_or_else(is_refused, |stepped| stepped.repeated) {
        app.visitor_headers.forget(&conversation, &client_id);
    }
    let seq = seq_of(&bot, &conversation, &client_id, &stepped?).await?;
    Ok(json(StatusCode::ACCEPTED, &Accepted { seq }))
}

/// The visitor types
#[utoipa::path(
    post, path = "/conversation/typing", operation_id = "visitorTypes", tag = "visitor",
    security(("visitorToken" = [])),
    responses(
        (status = 204, description = "The webhook is told, if it wants to be"),
        (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 503, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(super) async fn types(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
) -> Result<StatusCode, HttpError> {
    let Caller { bot, conversation } = Caller::of(&app, &client, &headers).await?;
    notify::visitor_types(&app, &bot, &conversation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The visitor ends the live chat
///
/// Without a live chat nothing happens.
#[utoipa::path(
    post, path = "/conversation/end", operation_id = "endChat", tag = "visitor",
    security(("visitorToken" = [])),
    responses(
        (status = 204, description = "The chat is over"),
        (status = 401, response = Problem),
        (status = 403, description = "The bot's webhook is not told of endings, or the bot does \
            not list the page's origin",
            body = Problem, content_type = "application/problem+json"),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
) -> Result<StatusCode, HttpError> {
    let Caller { bot, conversation } = Caller::of(&app, &client, &headers).await?;
    // A bridge that is not told would let its human agent take the conversation back.
    if !bot.config.webhook.as_ref().is_some_and(|webhook| webhook.endings) {
        let detail = "The bot's webhook is not told of endings: set `webhook.endings = true`.";
        return Err(HttpError::new(ProblemId::Forbidden, detail));
    }
    app.step(&bot, &conversation, None, Input::VisitorLeft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores a message. One that an older release stored is recognized, too.
async fn say_once(
    app: &App,
    bot: &Bot,
    conversation: &str,
    client_id: &str,
    said: Said,
) -> Result<Stepped<Conversation>, StepError<Refusal>> {
    let key = |fingerprint| Key { id: format!("msg:{client_id}"), fingerprint };
    let older = key(fingerprint::of_message_by_debug(&said));
    let key = key(fingerprint::of_message(&said));
    let input = Input::VisitorSaid { client_id: client_id.to_owned(), said };
    match app.step(bot, conversation, Some(key), input.clone()).await {
        // The key is stored, so this step can only repeat or be refused again.
        Err(StepError::KeyReused) => app.step(bot, conversation, Some(older), input).await,
        stepped => stepped,
    }
}

/// Whether a failed step is known to have stored nothing.
fn is_refused(error: &StepError<Refusal>) -> bool {
    !matches!(error, StepError::Store(_))
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
    stepped: &Stepped<Conversation>,
) -> Result<u64, HttpError> {
    if let Some(seq) = own(&stepped.events, client_id) {
        return Ok(seq);
    }
    let before = stepped.first_seq.saturating_sub(1);
    let then = bot.ledger.events(conversation, before, 8).await?;
    Ok(own(&then, client_id).unwrap_or(stepped.first_seq))
}

fn own(events: &[Recorded<Event>], client_id: &str) -> Option<u64> {
    let own = events.iter().find(|recorded| {
        matches!(&recorded.event, Event::VisitorSaid { client_id: id, .. } if id == client_id)
    });
    own.map(|recorded| recorded.position.seq)
}
