//! The id of a request: in the header `x-request-id` of every answer, in the body of every problem,
//! and beside every log line about a failed request. Whoever reports an error can name the line.

use std::sync::Arc;

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue};

use crate::ids;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: Arc<str>;
}

/// Runs the request under a new id. One that the client sent is not used: it could be that of
/// another request.
pub(crate) async fn identified(request: Request, next: Next) -> Response {
    let id: Arc<str> = ids::random_id("req").into();
    let value = HeaderValue::from_str(&id).ok();
    let mut response = CURRENT.scope(id, next.run(request)).await;
    if let Some(value) = value {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// The id of the request that this task works for.
pub(crate) fn current() -> Option<Arc<str>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// `task`, to be spawned, under the id of the request that spawns it.
pub fn kept<F: Future>(task: F) -> impl Future<Output = F::Output> {
    let id = current();
    async move {
        match id {
            Some(id) => CURRENT.scope(id, task).await,
            None => task.await,
        }
    }
}
