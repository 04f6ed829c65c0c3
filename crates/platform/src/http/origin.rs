//! Pages of other origins: which may use a bot, and what browsers are told about it.

use std::{sync::Arc, time::Duration};

use edge::{origins::AskedBy, request_id::X_REQUEST_ID};
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use wire::problem::ProblemId;

use super::error::HttpError;
use crate::{app::App, bot::Bot};

/// # Errors
///
/// 403 for a page that this bot does not list.
pub(super) fn admit(bot: &Bot, asked_by: &AskedBy) -> Result<(), HttpError> {
    if bot.config.origins.admit(asked_by) {
        return Ok(());
    }
    let (origin, id) = (asked_by.shown(), &bot.config.id);
    let detail = format!(
        "Pages of the origin {origin} may not use the bot {id}: add it to the bot's setting \
         `allowed_origins`."
    );
    Err(HttpError::new(ProblemId::Forbidden, detail))
}

/// For a request that does not say yet which bot it is about.
///
/// # Errors
///
/// 403 for a page that no bot lists.
pub(super) fn admit_to_any_bot(app: &App, asked_by: &AskedBy) -> Result<(), HttpError> {
    let mut refusal = Ok(());
    for bot in app.bots.served().iter() {
        refusal = admit(bot, asked_by);
        if refusal.is_ok() {
            break;
        }
    }
    refusal
}

/// A page may read answers if any bot lists it. No cookies are involved: visitors send a token.
pub(super) fn cors(app: &Arc<App>) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([
            header::RETRY_AFTER,
            X_REQUEST_ID,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
        ]);
    let app = Arc::downgrade(app);
    let listed = move |origin: &HeaderValue, _: &http::request::Parts| {
        let (Some(app), Ok(origin)) = (app.upgrade(), origin.to_str()) else { return false };
        let served = app.bots.served();
        let mut bots = served.iter().peekable();
        bots.peek().is_none() || bots.any(|bot| bot.config.origins.have(origin))
    };
    layer.allow_origin(AllowOrigin::predicate(listed)).max_age(Duration::from_hours(1))
}
