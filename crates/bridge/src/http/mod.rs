//! Every route of the bridge on one screen, and what their handlers share.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    middleware::from_fn,
    routing::{any, get, post, put},
};
use edge::{Clock, http::ApiError};
use wire::problem::ProblemId;

use self::desk::{chats, guard, session, stream};
use crate::{desk::Desk, route::Route, runtime::ConnectorRuntime, tasks::Tasks};

mod connector_in;
mod desk;
mod error;
mod webhook_in;

/// What handlers work with. They step chats and answer; what a step owes, the driver starts.
pub(crate) struct App {
    /// By their ids.
    pub(crate) routes: BTreeMap<Arc<str>, Arc<Route>>,
    pub(crate) desk: Arc<Desk>,
    /// By the names of their connectors.
    pub(crate) connectors: BTreeMap<String, ConnectorRuntime>,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
}

impl App {
    /// The routes whose chats the desk shows.
    pub(crate) fn desk_routes(&self) -> Vec<Arc<Route>> {
        let at_desk = |route: &&Arc<Route>| route.policy.connector.is_none();
        self.routes.values().filter(at_desk).cloned().collect()
    }

    /// The connector a route leads to; `None` for the desk.
    pub(crate) fn connector_of(&self, route: &Route) -> Option<&ConnectorRuntime> {
        self.connectors.get(route.policy.connector.as_ref()?)
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let desk = Router::new()
        .route(
            "/desk/api/session",
            get(session::show).post(session::sign_in).delete(session::sign_out),
        )
        .route("/desk/api/availability", put(session::set_availability))
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
        .with_state(app)
}
