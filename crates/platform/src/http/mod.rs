//! Every route of the platform on one screen.

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::post,
};
use http::{HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{shapes::StreamHello, visitor::NewVisitor};

use crate::app::App;

mod caller;
mod conversation;
mod error;
mod events;
mod fingerprint;
mod history;
mod limited;
mod origin;
mod overload;
mod push;
mod stream;
mod visitors;

/// Where the visitor API stands.
const VISITORS: &str = "/v1";

/// What the descriptions name and no handler takes or answers: a body that may be left out, and the
/// frames of the stream.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(NewVisitor, StreamHello, wire::visitor::Event)))]
struct Named;

fn visitors() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Named::openapi())
        .routes(routes!(visitors::create))
        .routes(routes!(conversation::say))
        .routes(routes!(conversation::types))
        .routes(routes!(conversation::end))
        .routes(routes!(events::poll))
        .routes(routes!(stream::open))
}

/// `wire` describes the push endpoint by hand, as all of the contract.
fn contract() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(history::read))
        .route(wire::push::PATH, post(push::receive).fallback(push::method_not_allowed))
}

/// What is described beside the handlers.
pub(crate) fn openapi() -> OpenApi {
    OpenApiRouter::new().nest(VISITORS, visitors()).merge(contract()).into_openapi()
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let not_behind = from_fn_with_state(Arc::clone(&app), overload::refuse_when_behind);
    let visitors = Router::from(visitors())
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(error::not_found)
        .layer(from_fn(limited::limited))
        .layer(origin::cors(&app))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ));
    let contract = Router::from(contract());
    Router::new().nest(VISITORS, visitors).merge(contract).layer(not_behind).with_state(app)
}
