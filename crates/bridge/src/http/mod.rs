//! Every route of the bridge on one screen, and what their handlers share.

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn,
    routing::{any, post},
};
use edge::{Clock, http::ApiError};
use store::Store;
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::problem::ProblemId;

use self::desk::{chats, guard, session, stream};
use crate::{connectors::Connectors, desk::Desk, routes::Routes, tasks::Tasks};

mod connector_in;
mod desk;
mod error;
mod webhook_in;

/// What handlers work with. They step chats and answer; what a step owes, the driver starts.
pub(crate) struct App {
    pub(crate) routes: Routes,
    pub(crate) store: Store,
    pub(crate) desk: Arc<Desk>,
    pub(crate) connectors: Connectors,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
}

fn desk() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(stream::Frames::openapi())
        .routes(routes!(session::show, session::sign_in, session::sign_out))
        .routes(routes!(session::set_availability))
        .routes(routes!(chats::list))
        .routes(routes!(chats::show))
        .routes(routes!(chats::events))
        .routes(routes!(chats::claim))
        .routes(routes!(chats::say))
        .routes(routes!(chats::tell_typing))
        .routes(routes!(chats::close))
        .routes(routes!(stream::open))
        .layer(from_fn(guard::same_site))
}

/// What is described beside the handlers.
pub(crate) fn openapi() -> OpenApi {
    desk().into_openapi()
}

/// `wire` describes the contract and the events of tools by hand.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/handover/{route}", post(webhook_in::receive))
        .route("/connectors/{name}/{*path}", any(connector_in::receive))
        .merge(desk())
        .method_not_allowed_fallback(async || {
            ApiError::new(ProblemId::MethodNotAllowed, "See the list of routes for its methods.")
        })
        .with_state(app)
}
