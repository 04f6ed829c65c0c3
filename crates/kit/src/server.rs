//! An HTTP server on bare TCP with scripted replies, including replies that break HTTP.
//!
//! The scripted [`receiver`](crate::receiver) is built on it, and so are the small servers that
//! show the conformance cases failing. It reads bodies with a length and in chunks, and keeps
//! connections open.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use futures::future::BoxFuture;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const HEAD_BYTES_MAX: usize = 64 * 1024;
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How one request is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// `200` with this text as JSON; the text may be broken JSON.
    Json(String),
    /// Any status with a JSON text.
    JsonStatus(u16, String),
    /// Any status with an HTML page.
    Status(u16, String),
    Redirect(String),
    /// The same reply, but only after this time.
    After(Duration, Box<Reply>),
    /// Reads the request and never answers.
    Silent,
    /// One byte of the head each second, for ever.
    Drip,
    /// A body that never ends.
    Endless,
    /// Ends the connection instead of answering.
    Cut,
}

impl Reply {
    #[must_use]
    pub fn paused() -> Self {
        Self::Json(r#"{"paused":true}"#.to_owned())
    }

    #[must_use]
    pub fn paused_for(minutes: f64) -> Self {
        Self::Json(format!(r#"{{"paused":true,"minutesPaused":{minutes}}}"#))
    }

    #[must_use]
    pub fn refused() -> Self {
        Self::Json(r#"{"paused":false}"#.to_owned())
    }

    /// Whether the caller learns from this that the call was certainly not taken.
    pub(crate) fn is_not_taken(&self) -> bool {
        let untaken = |status: u16| matches!(status, 429 | 502 | 503 | 504);
        match self {
            Self::Cut => true,
            Self::JsonStatus(status, _) | Self::Status(status, _) => untaken(*status),
            Self::After(_, reply) => reply.is_not_taken(),
            _ => false,
        }
    }

    #[must_use]
    pub fn after_ms(self, millis: u64) -> Self {
        Self::After(Duration::from_millis(millis), Box::new(self))
    }
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names as they were spelled.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Number of earlier requests on the same connection.
    pub nth: usize,
}

impl Request {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

pub type Handler = Arc<dyn Fn(Request) -> BoxFuture<'static, Reply> + Send + Sync>;

/// Serves for ever.
pub async fn serve(listener: TcpListener, handler: Handler) {
    while let Ok((stream, _)) = listener.accept().await {
        let handler = handler.clone();
        tokio::spawn(async move {
            // The peer under test decides how the connection ends.
            let _ended = converse(stream, &handler).await;
        });
    }
}

/// Reads requests and answers them until one side closes.
async fn converse(mut stream: TcpStream, handler: &Handler) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    for nth in 0.. {
        let Some(request) = read(&mut stream, &mut buffer, nth).await? else { break };
        let reply = handler(request).await;
        if !answer(&mut stream, reply).await? {
            break;
        }
    }
    Ok(())
}

/// Reads one request; `None` when the peer has closed.
async fn read(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    nth: usize,
) -> anyhow::Result<Option<Request>> {
    let Some(head) = until(stream, buffer, b"\r\n\r\n", HEAD_BYTES_MAX).await? else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next(), first.next());
    let (method, path) = method.zip(path).context("a request line")?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut request = Request { method, path, headers: headers.collect(), body: Vec::new(), nth };
    let chunked = request.header("transfer-encoding").is_some();
    let body = if chunked {
        read_chunks(stream, buffer).await?
    } else {
        let length = request.header("content-length").map_or(Ok(0), str::parse)?;
        exactly(stream, buffer, length).await?
    };
    request.body = match body {
        Some(body) => body,
        None => return Ok(None),
    };
    Ok(Some(request))
}

async fn read_chunks(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> anyhow::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(line) = until(stream, buffer, b"\r\n", HEAD_BYTES_MAX).await? else {
            return Ok(None);
        };
        let size = String::from_utf8_lossy(&line);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).context("the size of a chunk")?;
        ensure!(body.len() + size <= BODY_BYTES_MAX, "a body that is too large");
        let Some(chunk) = exactly(stream, buffer, size + 2).await? else { return Ok(None) };
        if size == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Bytes up to and including `end`.
async fn until(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    end: &[u8],
    max: usize,
) -> anyhow::Result<Option<Vec<u8>>> {
    loop {
        if let Some(at) = buffer.windows(end.len()).position(|window| window == end) {
            return Ok(Some(buffer.drain(..at + end.len()).collect()));
        }
        if buffer.len() > max || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

async fn exactly(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    length: usize,
) -> anyhow::Result<Option<Vec<u8>>> {
    ensure!(length <= BODY_BYTES_MAX, "a body that is too large");
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(buffer.drain(..length).collect()))
}

/// Sends the reply; true when the connection can carry another request.
async fn answer(stream: &mut TcpStream, reply: Reply) -> anyhow::Result<bool> {
    let mut reply = reply;
    while let Reply::After(wait, later) = reply {
        tokio::time::sleep(wait).await;
        reply = *later;
    }
    match reply {
        Reply::Json(text) => write(stream, 200, "application/json", &text).await?,
        Reply::JsonStatus(status, text) => {
            write(stream, status, "application/json", &text).await?;
        }
        Reply::Status(status, text) => write(stream, status, "text/html", &text).await?,
        Reply::Redirect(to) => {
            let head = format!("HTTP/1.1 307 Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
        }
        Reply::Silent => return until_closed(stream).await,
        Reply::Drip => {
            for byte in b"HTTP/1.1 200 OK\r\nx-slow: ".iter().chain(std::iter::repeat(&b'x')) {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
            loop {
                stream.write_all(chunk.as_bytes()).await?;
            }
        }
        Reply::Cut | Reply::After(..) => return Ok(false),
    }
    Ok(true)
}

async fn write(stream: &mut TcpStream, status: u16, kind: &str, text: &str) -> anyhow::Result<()> {
    let length = text.len();
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{text}").as_bytes()).await?;
    Ok(())
}

async fn until_closed(stream: &mut TcpStream) -> anyhow::Result<bool> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(false)
}
