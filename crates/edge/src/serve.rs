//! The accept loop. Our own, because a connection that sends nothing must be closed: hyper's
//! HTTP/1 builder has a header timeout, and `axum::serve` has none.

use std::{io, time::Duration};

use axum::{Router, middleware::from_fn};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

pub use crate::head_timer::KEEP_ALIVE;
use crate::{
    bounds::Bounded, head_timer::HeadTimer, http::acceptable, request_id::identified, unread,
};

/// Most bytes of the head of a request, and of a body that is read ahead of its handler.
const BUFFER_BYTES_MAX: usize = 16 * 1024;
/// Longest time for running requests to finish after the server is told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, for example when no file descriptors are left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` until `shutdown`. Running requests then have [`DRAIN_TIMEOUT`] to finish; after
/// that their connections are cut.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let router =
        router.layer(from_fn(acceptable)).layer(from_fn(unread::closed)).layer(from_fn(identified));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let router = router.clone();
                let shutdown = shutdown.clone();
                connections.spawn(connection(Bounded::tcp(stream), peer, router, shutdown));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Refused now, rather than left to wait for an answer that will not come.
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "stopping: connections were cut");
    }
    Ok(())
}

async fn connection<S: AsyncRead + AsyncWrite + Send + 'static>(
    stream: Bounded<S>,
    peer: std::net::SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) {
    let received = stream.received();
    let timer = HeadTimer::new(received.clone());
    let service = router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        request.extensions_mut().insert(received.clone());
        request.map(axum::body::Body::new)
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(timer).header_read_timeout(KEEP_ALIVE);
    builder.max_buf_size(BUFFER_BYTES_MAX);
    let connection = builder
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

#[cfg(test)]
mod tests;
