//! Every route of the bridge on one screen.

use axum::{
    Router,
    middleware::from_fn,
    routing::{any, get, post, put},
};
use edge::http::ApiError;
use wire::problem::ProblemId;

use crate::{
    app::Bridge,
    desk::{chats, guard, sign_in, stream},
};

mod connector_in;
mod webhook_in;

pub(crate) fn router(bridge: Bridge) -> Router {
    let desk = Router::new()
        .route(
            "/desk/api/session",
            get(sign_in::show).post(sign_in::sign_in).delete(sign_in::sign_out),
        )
        .route("/desk/api/availability", put(sign_in::set_availability))
        .route("/desk/api/chats", get(chats::list))
        .route("/desk/api/chats/{id}", get(chats::show))
        .route("/desk/api/chats/{id}/events", get(chats::events))
        .route("/desk/api/chats/{id}/claim", post(chats::claim))
        .route("/desk/api/chats/{id}/messages", post(chats::say))
        .route("/desk/api/chats/{id}/typing", post(chats::tell_typing))
        .route("/desk/api/chats/{id}/close", post(chats::close))
        .route("/desk/api/stream", get(stream::open))
        .layer(from_fn(guard::same_site));
    Router::new()
        .route("/handover/{route}", post(webhook_in::receive))
        .route("/connectors/{name}/{*path}", any(connector_in::receive))
        .merge(desk)
        .method_not_allowed_fallback(async || {
            ApiError::new(ProblemId::MethodNotAllowed, "See the list of routes for its methods.")
        })
        .with_state(bridge)
}
