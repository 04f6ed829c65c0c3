//! Refuses new work while the database is behind, so that what was taken is done in time.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::Method;

use super::error::HttpError;
use crate::{app::App, limit};

/// Reading goes on: it does not wait for the writer.
pub(super) async fn refuse_when_behind(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::POST && app.store.lag() > limit::LAG_MAX {
        return HttpError::not_served("Too much is asked at once: try again.").into_response();
    }
    next.run(request).await
}
