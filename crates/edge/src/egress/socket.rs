//! A WebSocket outward, under the rules of every other call: the same clients look the name up and
//! connect, so no address is reached that a POST would not reach.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, header};
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

/// One idle socket costs little; see the speed notes of the design.
const READ_BUFFER_BYTES: usize = 1024;

/// A connection on which texts go both ways.
///
/// Nobody ever locks it: whoever has it alone has what is inside, and the lock lets owners be
/// shared between threads, which the connection by itself does not.
pub struct Socket(Mutex<WebSocketStream<Upgraded>>);

impl Egress {
    /// Opens a WebSocket at `target`, whose scheme is `http` for `ws` and `https` for `wss`.
    /// `deadline` runs until it is open; longer messages than `message_bytes_max` end it.
    pub async fn connect(
        &self,
        target: &Target,
        mut headers: HeaderMap,
        deadline: Duration,
        message_bytes_max: usize,
    ) -> Result<Socket, EgressError> {
        target.check_literal()?;
        let client = if target.allow_private { &self.private } else { &self.guarded };
        let key = generate_key();
        let asked = [
            (header::CONNECTION, "Upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, key.as_str()),
        ];
        for (name, value) in asked {
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
    pub async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), EgressError> {
        self.stream().send(Message::Text(text.into())).await.map_err(|error| failed(&error))
    }

    /// Asks the other side for a sign of life.
    pub async fn ping(&mut self) -> Result<(), EgressError> {
        self.stream().send(Message::Ping(bytes::Bytes::new())).await.map_err(|error| failed(&error))
    }

    fn stream(&mut self) -> &mut WebSocketStream<Upgraded> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came next. May be dropped at any await: what is not complete yet is not lost.
    pub async fn next(&mut self) -> Result<Heard, EgressError> {
        match self.stream().next().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text.to_string())),
            Some(Ok(Message::Close(_))) | None => Ok(Heard::Closed),
            Some(Ok(_)) => Ok(Heard::Life),
            Some(Err(error)) => Err(failed(&error)),
        }
    }
}

/// What a [`Socket`] brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// A ping, a pong, or something else that is no text.
    Life,
    Closed,
}

fn failed(error: &dyn std::error::Error) -> EgressError {
    EgressError::Network(error.to_string())
}
