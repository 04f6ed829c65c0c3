//! A request that is answered before its body was read to the end. The connection cannot carry
//! another request, so the answer says that it closes: a client that kept it would fail with its
//! next call. What the client still sends is taken and thrown away for a while, since a connection
//! that is closed with unread bytes is reset, and the answer could be lost with it. A client that
//! waits to be asked for the body (`Expect: 100-continue`) sends none, and must not be asked.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use bytes::Bytes;
use http::{
    HeaderValue,
    header::{CONNECTION, EXPECT},
};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, SizeHint};

/// How long the rest of a body is taken.
const REST_TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of the rest of a body that are taken.
const REST_BYTES_MAX: usize = 1024 * 1024;

/// Adds `connection: close` to an answer that does not wait for the whole body.
pub(crate) async fn closed(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let ended = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&ended);
    let is_sent = !request.headers().contains_key(EXPECT);
    let request = request.map(|body| Body::new(Watched { body, ended: watched, is_sent }));
    let mut response = next.run(request).await;
    if !ended.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A body of which is known whether it was read to its end.
struct Watched {
    body: Body,
    ended: Arc<AtomicBool>,
    /// The client sends it without being asked.
    is_sent: bool,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.ended.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.ended.load(Ordering::Relaxed) || !self.is_sent {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let rest = std::mem::take(&mut self.body);
            runtime.spawn(tokio::time::timeout(REST_TIMEOUT, take(rest)));
        }
    }
}

async fn take(mut rest: Body) {
    let mut taken = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        taken += frame.data_ref().map_or(0, Bytes::len);
        if taken > REST_BYTES_MAX {
            break;
        }
    }
}
