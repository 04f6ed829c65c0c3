//! Every route of the platform on one screen.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use http::{HeaderValue, Method, header};
use tower_http::{cors::CorsLayer, set_header::SetResponseHeaderLayer};

use crate::app::App;

mod caller;
mod conversation;
mod error;
mod events;
mod fingerprint;
mod history;
mod push;
mod stream;
mod visitors;

pub(crate) fn router(app: Arc<App>) -> Router {
    let visitors = Router::new()
        .route("/bots/{bot_id}/visitors", post(visitors::create))
        .route("/conversation/messages", post(conversation::say))
        .route("/conversation/typing", post(conversation::types))
        .route("/conversation/end", post(conversation::end))
        .route("/conversation/events", get(events::poll))
        .route("/conversation/stream", get(stream::open))
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(error::not_found)
        .layer(cors())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ));
    Router::new()
        .nest("/v1", visitors)
        .route(wire::push::PATH, post(push::receive).fallback(push::method_not_allowed))
        .route(wire::history::PATH, get(history::read))
        .with_state(app)
}

/// Any page may embed the widget, because it sends a token and no cookie.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(tower_http::cors::Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
        .max_age(Duration::from_hours(24))
}
