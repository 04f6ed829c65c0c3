//! Outgoing `WebSocket`s, under the rules of every other call: the same clients look the name up
//! and connect, so a socket reaches no address that a POST would not reach.
//!
//! Written by hand; `docs/decisions/0005-written-by-hand.md` says why.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, header};
use parking_lot::Mutex;
use reqwest::Upgraded;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use super::{Egress, EgressError, Target, network};

/// Small, because most sockets are idle most of the time. Longer messages are read in pieces.
const READ_BUFFER_BYTES: usize = 1024;

/// A connection on which texts go both ways.
///
/// The lock is never taken: every method has `&mut self`. It is there because the connection alone
/// is not `Sync`, and the tasks that own a socket must be.
pub struct Socket(Mutex<WebSocketStream<Upgraded>>);

impl Egress {
    /// Opens a WebSocket at `target`, whose scheme is `http` for `ws` and `https` for `wss`.
    ///
    /// `deadline` is the longest time until it is open. A message longer than `message_bytes_max`
    /// bytes ends the connection with an error. [`EgressError::NoSocket`] gives the status of a
    /// server that did not switch protocols as RFC 6455, section 4.1, demands.
    pub async fn connect(
        &self,
        target: &Target,
        mut headers: HeaderMap,
        deadline: Duration,
        message_bytes_max: usize,
    ) -> Result<Socket, EgressError> {
        let client = self.client_for(target)?;
        let key = generate_key();
        let handshake = [
            (header::CONNECTION, "Upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, key.as_str()),
        ];
        for (name, value) in handshake {
            let value = HeaderValue::from_str(value);
            headers.insert(name, value.map_err(|error| failed(&error))?);
        }
        let request = client.get(target.url.clone()).headers(headers);
        let opened = async {
            let response = request.send().await.map_err(|error| network(&error))?;
            let accept = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
            let agreed = accept.is_some_and(|accept| *accept == derive_accept_key(key.as_bytes()));
            if response.status().as_u16() != 101 || !agreed {
                return Err(EgressError::NoSocket(response.status().as_u16()));
            }
            response.upgrade().await.map_err(|error| network(&error))
        };
        let opened = tokio::time::timeout(deadline, opened).await;
        let stream = opened.unwrap_or(Err(EgressError::Late))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes_max))
            .max_frame_size(Some(message_bytes_max));
        let stream = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        Ok(Socket(Mutex::new(stream)))
    }
}

impl Socket {
    /// Sends one text message.
    pub async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), EgressError> {
        self.stream().send(Message::Text(text.into())).await.map_err(|error| failed(&error))
    }

    /// Sends a ping; a live peer answers, and [`Self::next`] gives [`Heard::Life`].
    pub async fn ping(&mut self) -> Result<(), EgressError> {
        self.stream().send(Message::Ping(bytes::Bytes::new())).await.map_err(|error| failed(&error))
    }

    fn stream(&mut self) -> &mut WebSocketStream<Upgraded> {
        self.0.get_mut()
    }

    /// The next message. Safe to drop at any await: a message that is only partly read is kept.
    pub async fn next(&mut self) -> Result<Heard, EgressError> {
        match self.stream().next().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text.to_string())),
            Some(Ok(Message::Close(_))) | None => Ok(Heard::Closed),
            Some(Ok(_)) => Ok(Heard::Life),
            Some(Err(error)) => Err(failed(&error)),
        }
    }
}

/// What a [`Socket`] received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// A ping, a pong or a binary message: the peer is alive.
    Life,
    Closed,
}

fn failed(error: &dyn std::error::Error) -> EgressError {
    EgressError::Network(error.to_string())
}
