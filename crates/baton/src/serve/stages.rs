//! The stages in which a server stops, so that nobody is turned away.
//!
//! First it says that it is not ready and serves on, until load balancers have heard of it. Then it
//! takes no new connections and finishes what is under way. The listener for operators ends last.

use std::time::Duration;

use axum::{Router, middleware, response::Response};
use edge::serve::KEEP_ALIVE;
use http::{HeaderName, HeaderValue, StatusCode, header};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Each token is cancelled when its stage begins.
#[derive(Default)]
pub(super) struct Stages {
    /// Not ready any more; everything is served.
    pub(super) leaving: CancellationToken,
    /// No new connections and no new calls.
    pub(super) stop: CancellationToken,
    /// All work is done.
    pub(super) end: CancellationToken,
}

impl Stages {
    /// Ends when it is time to stop: `grace` after the first signal, or at once when the store has
    /// failed, with its error.
    pub(super) async fn reached(&self, grace: Duration, store: &Store) -> Option<StoreError> {
        let leave = async {
            told_to_stop().await;
            self.leaving.cancel();
            if !grace.is_zero() {
                tracing::info!(grace_seconds = grace.as_secs(), "leaving: not ready any more");
                tokio::time::sleep(grace).await;
            }
        };
        let failure = tokio::select! {
            () = leave => None,
            error = store.failed() => Some(error),
        };
        self.leaving.cancel();
        failure
    }

    /// Says in every answer how long its connection may be idle. While the server is leaving, the
    /// client is asked to come back on a new one, which a load balancer then opens elsewhere.
    pub(super) fn telling(&self, router: Router) -> Router {
        let leaving = self.leaving.clone();
        let idle = format!("timeout={}", KEEP_ALIVE.as_secs());
        let keep_alive = HeaderValue::from_str(&idle).ok();
        router.layer(middleware::map_response(move |mut response: Response| {
            let told = if leaving.is_cancelled() {
                Some((header::CONNECTION, HeaderValue::from_static("close")))
            } else {
                let name = HeaderName::from_static("keep-alive");
                keep_alive.clone().map(|value| (name, value))
            };
            async move {
                // An upgrade says what becomes of its connection itself.
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    response.headers_mut().extend(told);
                }
                response
            }
        }))
    }
}

/// Returns at the first SIGTERM or SIGINT. A second signal ends the process at once.
pub(crate) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        std::process::exit(130);
    });
}
