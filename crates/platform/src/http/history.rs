//! `GET /webhooks/handover/history?botId=…&userId=…`: what was said in the visitor's present
//! session, in the items of `messageHistory` (contract 13.18). A history key opens it, not a push
//! key: who may speak to visitors need not be allowed to read what they said, nor the reverse.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use edge::{
    http::{ApiError, bearer, json},
    secrets,
};
use http::{HeaderMap, StatusCode, header};
use machine::Machine as _;
use serde_json::json;
use wire::{
    problem::{Problem, ProblemId},
    secret::from_authorization,
};

use super::problem;
use crate::{
    app::App,
    history::{self, Asked},
    visitors,
};

pub(super) async fn read(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented = presented.map(from_authorization).or_else(|| bearer(&headers));
    // The same answer for a bot that is not there: a key is all that tells.
    let bot = app.bots.get(query.get("botId").ok_or_else(|| missing("botId"))?);
    let bot =
        bot.filter(|bot| secrets::any_matches(&bot.config.history_keys, presented.as_slice()));
    let bot = bot.ok_or_else(|| {
        let detail = "Present a history key of this bot in `Authorization`.";
        ApiError::new(ProblemId::Unauthorized, detail)
    })?;
    let unknown = || ApiError::new(ProblemId::NotFound, "There is no such user of this bot.");
    let conversation =
        visitors::conversation_of(query.get("userId").ok_or_else(|| missing("userId"))?);
    let conversation = conversation.ok_or_else(unknown)?;
    let state = bot.ledger.load(&conversation).await.map_err(|error| problem::store(&error))?;
    let state = state.ok_or_else(unknown)?;
    let (turn, session) = (state.position().seq, state.session());
    let visitor = app.visitors.of_conversation(&conversation, app.clock.now()).await;
    let asked = Asked { bot, conversation: &conversation, visitor: &visitor, turn, session };
    let items = history::read(asked).await.map_err(|error| problem::store(&error))?;
    Ok(json(StatusCode::OK, &json!({ "messageHistory": items })))
}

fn missing(field: &str) -> ApiError {
    let detail = format!("`{field}` is missing: send it in the query");
    Problem::new(ProblemId::MissingField, detail).at(field).into()
}
