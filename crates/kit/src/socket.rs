//! A WebSocket client connection with small buffers, so that thousands of idle ones are cheap.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::{SinkExt as _, StreamExt as _};
use http::Uri;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest as _, protocol::WebSocketConfig},
};

/// Longest wait for a connection, and for one frame.
const FRAME_WAIT: Duration = Duration::from_secs(30);

pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// Why a server closed the connection; `None` when it gave no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub code: Option<u16>,
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the stream was closed with code {:?}", self.code)
    }
}

impl std::error::Error for Closed {}

impl Socket {
    /// `url` is the http address of the stream; `headers` are pairs of name and value.
    pub async fn connect(url: &str, headers: &[(&str, &str)]) -> anyhow::Result<Self> {
        tokio::time::timeout(FRAME_WAIT, Self::open(url, headers))
            .await
            .with_context(|| format!("{url}: no WebSocket in time"))?
    }

    async fn open(url: &str, headers: &[(&str, &str)]) -> anyhow::Result<Self> {
        let uri: Uri = url.parse()?;
        let authority = uri.authority().context("a URL needs a host")?.as_str();
        let tcp = TcpStream::connect(authority).await?;
        tcp.set_nodelay(true)?;
        let mut request = url.replacen("http", "ws", 1).into_client_request()?;
        for (name, value) in headers {
            let name: http::HeaderName = name.parse()?;
            request.headers_mut().insert(name, value.parse()?);
        }
        let config = WebSocketConfig::default().read_buffer_size(2048).write_buffer_size(0);
        let (stream, _) = client_async_with_config(request, tcp, Some(config)).await?;
        Ok(Self { stream })
    }

    pub async fn send(&mut self, text: impl Into<Utf8Bytes>) -> anyhow::Result<()> {
        self.stream.send(Message::Text(text.into())).await?;
        Ok(())
    }

    /// The next text frame; waits without limit. `Err` holds a [`Closed`] when the server closed.
    pub async fn next(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| frame.code.into());
                    return Err(Closed { code }.into());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(Closed { code: None }.into()),
            }
        }
    }

    /// The next text frame, or an error after half a minute.
    pub async fn soon(&mut self) -> anyhow::Result<Utf8Bytes> {
        match tokio::time::timeout(FRAME_WAIT, self.next()).await {
            Ok(frame) => frame,
            Err(_) => bail!("no frame within {FRAME_WAIT:?}"),
        }
    }

    /// Answers pings and drops everything else, until the connection ends.
    pub async fn idle(mut self) {
        while let Some(Ok(_)) = self.stream.next().await {}
    }
}
