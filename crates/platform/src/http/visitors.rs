//! `POST /v1/bots/{botId}/visitors`: a new visitor.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use edge::{
    http::{SentBy, json, read_body},
    limits::Client,
    origins::AskedBy,
};
use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret as _;
use wire::{
    problem::{Problem, ProblemId},
    visitor::{NewVisitor, VisitorCreated},
};

use super::{
    error::{HttpError, may_be_json},
    origin,
};
use crate::{app::App, limit};

/// A new visitor, and the token that speaks for them
#[utoipa::path(
    post, path = "/bots/{botId}/visitors", operation_id = "createVisitor", tag = "visitor",
    params(("botId" = String, Path, description = "Id of the bot")),
    // By reference, as one that may be left out; an `Option` would be one that may be `null`.
    request_body = ref("#/components/schemas/NewVisitor"),
    responses(
        (status = 201, description = "The visitor is created", body = VisitorCreated),
        (status = 400, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 413, response = Problem), (status = 415, response = Problem),
        (status = 503, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    client: Client,
    bot_id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    if !may_be_json(&headers) {
        return Err(HttpError::not_json());
    }
    let limits = &client.limits;
    limits.new_visitors.check(&client.address)?;
    let bot = bot_id.ok().and_then(|Path(bot_id)| app.bots.get(&bot_id));
    let bot = bot.ok_or_else(|| {
        HttpError::new(ProblemId::NotFound, "No such bot; check the id of the bot.")
    })?;
    // By the id, because one bot has many spellings in a URL.
    limits.new_visitors_of_bot.check(&bot.config.id)?;
    let body = read_body(body, limit::VISITOR_BODY_BYTES_MAX, SentBy::Stranger).await?;
    let new = NewVisitor::parse(&body)?;
    origin::admit(&bot, &AskedBy::of(&headers))?;
    let now = app.clock.now();
    let created = app.visitors.create(&bot.config.id, &bot.ledger, new, now).await?;
    let created = VisitorCreated { user_id: &created.user, token: created.token.expose_secret() };
    Ok(json(StatusCode::CREATED, &created))
}
