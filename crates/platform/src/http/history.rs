//! `GET /webhooks/handover/history?botId=…&userId=…`: the visitor's present session, in the items
//! of `messageHistory` (contract 13.18). It wants a history key. A push key does not open it: the
//! right to write to visitors and the right to read what they said are separate.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use edge::{
    http::{bearer, json},
    limits::Client,
    secrets,
};
use http::{HeaderMap, StatusCode, header};
use machine::Machine as _;
use serde_json::json;
use wire::{
    openapi::History,
    problem::{Problem, ProblemId},
    secret::from_authorization,
};

use super::error::HttpError;
use crate::{
    app::App,
    history::{self, Wanted},
    visitors,
};

/// What was said in the visitor's present session; a history key opens it
#[utoipa::path(
    get, path = wire::history::PATH, operation_id = "readHistory", tag = "push",
    security(("historyKey" = [])),
    params(("botId" = String, Query), ("userId" = String, Query)),
    responses(
        (status = 200, description = "Oldest first", body = History),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 404, response = Problem), (status = 503, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(super) async fn read(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let query = query.unwrap_or_default();
    let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented = presented.map(from_authorization).or_else(|| bearer(&headers));
    // An unknown bot gets the same answer, so a caller without a key cannot find out bot ids.
    let bot = app.bots.get(query.get("botId").ok_or_else(|| HttpError::missing("botId"))?);
    let bot =
        bot.filter(|bot| secrets::any_matches(&bot.config.history_keys, presented.as_slice()));
    let Some(bot) = bot else {
        client.failed_call()?;
        let detail = "Present a history key of this bot in `Authorization`.";
        return Err(HttpError::new(ProblemId::Unauthorized, detail));
    };
    let unknown = || HttpError::new(ProblemId::NotFound, "There is no such user of this bot.");
    let conversation =
        visitors::conversation_of(query.get("userId").ok_or_else(|| HttpError::missing("userId"))?);
    let conversation = conversation.ok_or_else(unknown)?;
    let state = bot.ledger.load(&conversation).await?;
    let state = state.ok_or_else(unknown)?;
    let (turn, session) = (state.position().seq, state.session());
    let visitor = app.visitors.of_conversation(&conversation, app.clock.now()).await;
    let wanted =
        Wanted { bot: &bot, conversation: &conversation, visitor: &visitor, turn, session };
    let items = history::read(wanted).await?;
    Ok(json(StatusCode::OK, &json!({ "messageHistory": items })))
}
