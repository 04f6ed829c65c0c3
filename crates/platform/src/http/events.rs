//! `GET /v1/conversation/events?after=N&wait=25`: a long poll that carries the same events as the
//! stream.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use edge::{
    http::{ApiError, json},
    limits::Client,
};
use http::{HeaderMap, StatusCode};
use machine::{Recorded, conversation::Event, limits};
use serde_json::value::RawValue;
use store::{PageMax, Seen};
use utoipa::IntoParams;
use wire::{problem::Problem, shapes::VisitorEvents};

use super::{caller::Caller, error::HttpError};
use crate::{app::App, bot::Bot, events, limit};

/// What a poll asks for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The last number you have; 0 for everything
    #[param(required = false)]
    after: u64,
    /// Seconds to wait, at most 25
    #[param(required = false)]
    wait: u64,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, HttpError> {
        let after = number(query, "after")?.min(i64::MAX as u64);
        let wait = number(query, "wait")?.min(limit::POLL_SECONDS_MAX);
        Ok(Self { after, wait })
    }
}

/// What came after a number; waits for the first when there is none
#[utoipa::path(
    get, path = "/conversation/events", operation_id = "readEvents", tag = "visitor",
    security(("visitorToken" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "One page of events, maybe empty", body = VisitorEvents),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(super) async fn poll(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let Caller { bot, conversation } = Caller::of(&app, &client, &headers).await?;
    let Wanted { after, wait } = Wanted::parse(&query.unwrap_or_default())?;
    let max = PageMax { events: limits::PAGE_EVENTS_MAX, bytes: limits::PAGE_BYTES_MAX };
    let page = bot.ledger.page(&conversation, after, max).await?.events;
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

/// Waits for the next events. Typing that began before this poll was in an earlier answer.
async fn next(app: &App, bot: &Bot, conversation: &str, after: u64) -> Result<Page, HttpError> {
    let began = app.clock.now();
    let mut watcher = bot.ledger.watch(conversation, after);
    loop {
        match watcher.next().await? {
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

/// A whole number in the query; 0 when it is missing.
fn number(query: &str, name: &str) -> Result<u64, HttpError> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    match pairs.find(|(key, _)| key == name) {
        Some((_, value)) => value.parse().map_err(|_| HttpError::not_a_number(name)),
        None => Ok(0),
    }
}
