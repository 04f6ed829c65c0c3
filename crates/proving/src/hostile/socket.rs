//! The hostile sockets. They speak bare TCP: a well-behaved library would not do these things.

use std::{pin::Pin, time::Duration};

use anyhow::ensure;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// Time between two bytes of a socket that drips.
const DRIP: Duration = Duration::from_millis(500);
/// How long the rest of a stream that was ended may take to read.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// A peer that does not read should not have the kernel read for it.
const RECEIVE_BUFFER_BYTES: u32 = 4 * 1024;
const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];

/// What a socket does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A stream that pings without end and reads no pong.
    PingFlood,
    /// A stream that asks for a long conversation and reads nothing of it.
    NeverReads,
    /// A stream that sends one byte after another.
    Drip,
    /// A stream that stops in the middle of a frame.
    HalfFrame,
    /// A request without the end of its head.
    HalfHead,
    /// A request without the end of its body.
    HalfBody,
    /// Many requests whose answers are not read.
    UnreadAnswers,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::PingFlood,
        Self::NeverReads,
        Self::Drip,
        Self::HalfFrame,
        Self::HalfHead,
        Self::HalfBody,
        Self::UnreadAnswers,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PingFlood => "ping flood",
            Self::NeverReads => "stream that is not read",
            Self::Drip => "drip",
            Self::HalfFrame => "half frame",
            Self::HalfHead => "half head",
            Self::HalfBody => "half body",
            Self::UnreadAnswers => "answers that are not read",
        }
    }
}

/// Whom the sockets attack.
pub(super) struct Target {
    pub(super) address: String,
    pub(super) token: String,
}

/// What goes on until it is dropped.
pub(super) type Attack = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens a socket and begins.
pub(super) async fn attack(target: &Target, kind: Kind) -> anyhow::Result<Attack> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    let mut stream = socket.connect(target.address.parse()?).await?;
    let Target { token, .. } = target;
    match kind {
        Kind::PingFlood | Kind::NeverReads | Kind::Drip => upgrade(&mut stream, token).await?,
        Kind::HalfFrame => {
            upgrade(&mut stream, token).await?;
            stream.write_all(&frame(&[b'x'; 1_000])[..500]).await?;
        }
        Kind::HalfHead => {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-long: ").await?;
            stream.write_all(&vec![b'x'; 20_000]).await?;
        }
        Kind::HalfBody => {
            let head = format!(
                "POST /v1/conversation/messages HTTP/1.1\r\nhost: a\r\n\
                 authorization: Bearer {token}\r\ncontent-length: 60000\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&vec![b' '; 50_000]).await?;
        }
        Kind::UnreadAnswers => {
            let request = format!(
                "GET /v1/conversation/events?after=0 HTTP/1.1\r\nhost: a\r\n\
                 authorization: Bearer {token}\r\n\r\n"
            );
            stream.write_all(request.repeat(20).as_bytes()).await?;
        }
    }
    Ok(Box::pin(go_on(stream, kind)))
}

/// The stream of the visitor, from its beginning, that is not read.
pub(super) async fn unread(target: &Target) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    let mut stream = socket.connect(target.address.parse()?).await?;
    upgrade(&mut stream, &target.token).await?;
    Ok(stream)
}

/// Whether the server has ended the stream, or ends it now that it is read.
pub(super) async fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = vec![0; 64 * 1024];
    let reading = async {
        // A reset is an end, too.
        while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    tokio::time::timeout(ENDS_WITHIN, reading).await.is_ok()
}

/// Ends when the server hangs up; until then the socket stays open.
async fn go_on(mut stream: TcpStream, kind: Kind) {
    let (bytes, gap) = match kind {
        Kind::PingFlood => (PING.repeat(100), Duration::ZERO),
        Kind::Drip => (vec![0x81], DRIP),
        _ => return std::future::pending().await,
    };
    while stream.write_all(&bytes).await.is_ok() {
        tokio::time::sleep(gap).await;
    }
}

/// Opens the visitor's stream from its beginning.
async fn upgrade(stream: &mut TcpStream, token: &str) -> anyhow::Result<()> {
    let request = b"GET /v1/conversation/stream HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    ensure!(&answer == b"HTTP/1.1 101", "{}", String::from_utf8_lossy(&answer));
    let first = format!("{{\"token\":\"{token}\",\"after\":0}}");
    stream.write_all(&frame(first.as_bytes())).await?;
    Ok(())
}

/// A text frame; the mask is all zeros.
fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0xfe);
            frame.extend((text.len() as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text);
    frame
}
