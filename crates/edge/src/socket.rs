//! The server's end of a WebSocket, with bounds on what the other side may send and leave unread.
//!
//! Every byte and every message counts against one budget, whatever kind of frame it is. A ping
//! is answered by a pong of the same length, so the budget also bounds the pongs that a peer
//! leaves unread.

use std::{pin::Pin, task::Poll, time::Duration};

use axum::{
    Extension, RequestPartsExt as _,
    extract::{
        FromRequestParts,
        ws::{
            CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code,
            rejection::WebSocketUpgradeRejection,
        },
    },
    response::Response,
};
use futures::Stream as _;
use http::request::Parts;
use tokio::time::{Instant, timeout};

use crate::bounds::Received;

/// How long one frame may wait for a reader before the socket is closed.
pub const SLOW_READER_WAIT: Duration = Duration::from_secs(10);
/// How long a closing frame may take.
const CLOSING_WAIT: Duration = Duration::from_secs(1);
const READ_BUFFER_BYTES: usize = 1024;
/// More than the longest frame we send: a longer one could never be sent.
const WRITE_BUFFER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What each message costs besides its bytes.
const MESSAGE_COST: u64 = 64;

/// How much the other side may send: `burst` bytes at once, and then `per_second` more.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub burst: u64,
    pub per_second: u64,
}

/// Why a stream ends, told to the other side: a WebSocket close code with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End(pub u16, pub &'static str);

pub const TOO_FAST: End = End(close_code::POLICY, "too many frames");

/// An upgrade to a WebSocket that is not answered yet.
pub struct Upgrade {
    upgrade: WebSocketUpgrade,
    received: Option<Received>,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = WebSocketUpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let received = parts.extract::<Extension<Received>>().await.ok();
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await?;
        Ok(Self { upgrade, received: received.map(|Extension(received)| received) })
    }
}

impl Upgrade {
    /// Answers with 101 and then runs `serve`. Longer frames than `frame_bytes_max` end the socket.
    pub fn serve<F>(
        self,
        frame_bytes_max: usize,
        budget: Budget,
        serve: impl FnOnce(Socket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { upgrade, received } = self;
        upgrade
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
            .max_message_size(frame_bytes_max)
            .max_frame_size(frame_bytes_max)
            .on_upgrade(move |socket| serve(Socket::new(socket, budget, received)))
    }
}

/// An open WebSocket.
pub struct Socket {
    socket: WebSocket,
    allowance: Allowance,
    received: Option<Received>,
    /// What [`Received`] showed when it was last counted.
    counted: u64,
}

impl Socket {
    fn new(socket: WebSocket, budget: Budget, received: Option<Received>) -> Self {
        // The request itself came over the same connection and does not count.
        let counted = received.as_ref().map_or(0, Received::bytes);
        Self { socket, allowance: Allowance::new(budget), received, counted }
    }

    /// The next message; `None` when the socket is closed. May be dropped at any await.
    ///
    /// # Errors
    /// [`TOO_FAST`] when the other side sends more than its budget.
    pub async fn recv(&mut self) -> Result<Option<Message>, End> {
        // Between two polls, only as much is read as the runtime lets one task do at once. So a
        // message in endless pieces is noticed although it never ends.
        let message = std::future::poll_fn(|cx| {
            let polled = Pin::new(&mut self.socket).poll_next(cx);
            let bytes = self.received.as_ref().map_or(self.counted, Received::bytes);
            let bytes = bytes - std::mem::replace(&mut self.counted, bytes);
            let message = if polled.is_ready() { MESSAGE_COST } else { 0 };
            if bytes + message > 0 && !self.allowance.take(bytes + message, Instant::now()) {
                return Poll::Ready(Err(TOO_FAST));
            }
            polled.map(Ok)
        });
        // An error of the protocol or of the network ends the socket like a close.
        Ok(message.await?.and_then(Result::ok))
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Fails when the socket is closed, and when nobody reads for [`SLOW_READER_WAIT`].
    pub async fn send(&mut self, message: Message) -> Result<(), Unsent> {
        match timeout(SLOW_READER_WAIT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Unsent::Closed),
            Err(_) => Err(Unsent::Unread),
        }
    }

    /// Tells the other side why the socket ends. A reader that hangs does not read this either.
    pub async fn close(&mut self, End(code, reason): End) {
        let frame = CloseFrame { code, reason: reason.into() };
        let closing = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                // What is left unread would reset the connection, and the frame would be lost.
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        let _ = timeout(CLOSING_WAIT, closing).await;
    }
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    Closed,
    Unread,
}

/// What is left of a [`Budget`].
struct Allowance {
    budget: Budget,
    left: u64,
    at: Instant,
}

impl Allowance {
    fn new(budget: Budget) -> Self {
        Self { budget, left: budget.burst, at: Instant::now() }
    }

    /// False when there was not enough left.
    fn take(&mut self, cost: u64, now: Instant) -> bool {
        let seconds = now.saturating_duration_since(self.at).as_secs();
        if seconds > 0 {
            self.at += Duration::from_secs(seconds);
            let more = self.budget.per_second.saturating_mul(seconds);
            self.left = self.left.saturating_add(more).min(self.budget.burst);
        }
        let left = self.left.checked_sub(cost);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_fills_up_with_time_and_never_beyond_its_burst() {
        let mut allowance = Allowance::new(Budget { burst: 100, per_second: 10 });
        let start = allowance.at;
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(allowance.take(100, after(0)));
        assert!(!allowance.take(1, after(0)));
        assert!(allowance.take(20, after(2)));
        assert!(!allowance.take(1, after(2)));
        assert!(allowance.take(100, after(60)));
        assert!(!allowance.take(1, after(60)));
    }
}
