//! A webhook receiver with scripted replies and misbehaviours, which records what came.
//!
//! Written on bare TCP, because most misbehaviours are things an HTTP server would not do.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::visitor::PATIENCE;

const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How one call is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// `200` with this JSON text, or what should have been JSON.
    Json(String),
    Status(u16, String),
    Redirect(String),
    /// This, but only after so long.
    After(Duration, Box<Reply>),
    /// Accepts, reads, and says nothing.
    Silent,
    /// One byte of the head each second, for ever.
    Drip,
    /// A head that promises a body without end, and the body.
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
}

/// One call as it came.
#[derive(Debug, Clone)]
pub struct Call {
    pub at: Instant,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Value,
}

impl Call {
    /// What the visitor wrote; empty for typing calls.
    pub fn text(&self) -> &str {
        self.body.pointer("/queryInput/text/text").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn is_step_one(&self) -> bool {
        self.body.get("dialogflowResponse").is_some()
    }

    pub fn is_typing(&self) -> bool {
        self.body.get("eventType").and_then(Value::as_str) == Some("user_typing")
    }

    pub fn user_id(&self) -> &str {
        self.body.get("userId").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Answers every call with [`Reply::paused`] unless something else was scripted.
pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    came: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

struct Shared {
    script: Mutex<Script>,
    calls: Mutex<Vec<Call>>,
    count: watch::Sender<usize>,
}

struct Script {
    next: VecDeque<Reply>,
    otherwise: Reply,
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let (count, came) = watch::channel(0);
        let script = Script { next: VecDeque::new(), otherwise: Reply::paused() };
        let shared =
            Arc::new(Shared { script: Mutex::new(script), calls: Mutex::default(), count });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { url, shared, came, task })
    }

    /// The next calls that are not yet scripted are answered so, one by one.
    pub fn then(&self, reply: Reply) -> &Self {
        self.shared.script().next.push_back(reply);
        self
    }

    /// Every call that is not scripted is answered so.
    pub fn always(&self, reply: Reply) -> &Self {
        self.shared.script().otherwise = reply;
        self
    }

    /// What came so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls().clone()
    }

    /// The `n`th call, counted from 0, as soon as it has come.
    pub async fn call(&self, n: usize) -> anyhow::Result<Call> {
        let mut came = self.came.clone();
        let waited = tokio::time::timeout(PATIENCE, came.wait_for(|count| *count > n)).await;
        if waited.is_err() {
            bail!("call {n} did not come; these did: {:#?}", self.calls());
        }
        let call = self.shared.calls().get(n).cloned();
        call.context("a call that was counted")
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            // How a connection ends is the business of the platform under test.
            let _ended = converse(stream, &shared).await;
        });
    }
}

/// Reads calls and answers them until either side has enough.
async fn converse(mut stream: TcpStream, shared: &Shared) -> anyhow::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some(call) = read_call(&mut stream, &mut buffer).await? else {
            return Ok(());
        };
        let reply = {
            let mut script = shared.script();
            let otherwise = script.otherwise.clone();
            if call.is_typing() { otherwise } else { script.next.pop_front().unwrap_or(otherwise) }
        };
        shared.calls().push(call);
        shared.count.send_modify(|count| *count += 1);
        if !answer(&mut stream, reply).await? {
            return Ok(());
        }
    }
}

/// Reads one request; `None` when the peer has closed.
async fn read_call(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<Option<Call>> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if buffer.len() > HEAD_BYTES_MAX || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1));
    let path = path.context("a request line")?.to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(Ok(0), |length| length.parse::<usize>())?;
    while buffer.len() < head_end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = serde_json::from_slice(&buffer[head_end..head_end + length]);
    buffer.drain(..head_end + length);
    Ok(Some(Call { at: Instant::now(), path, headers, body: body.unwrap_or(Value::Null) }))
}

/// Answers; true when the connection can carry another call.
async fn answer(stream: &mut TcpStream, reply: Reply) -> anyhow::Result<bool> {
    let mut reply = reply;
    while let Reply::After(wait, later) = reply {
        tokio::time::sleep(wait).await;
        reply = *later;
    }
    match reply {
        Reply::Json(text) => write(stream, 200, "application/json", &text).await?,
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

#[cfg(test)]
mod tests;
