//! Times of one connection, over a pipe instead of a network.

use axum::routing::{get, post};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    time::{Instant, timeout},
};

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
/// Longer than a head may take.
const IDLE: Duration = Duration::from_secs(7);

/// The client's end of a connection.
fn connect() -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let router = Router::new()
        .route("/", get(async || "answer"))
        .route("/slow", post(async || tokio::time::sleep(IDLE).await));
    let peer = ([127, 0, 0, 1], 9).into();
    tokio::spawn(connection(Bounded::new(ours), peer, router, CancellationToken::new()));
    theirs
}

async fn ask(stream: &mut DuplexStream) {
    stream.write_all(GET).await.unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"answer") {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "it was closed");
    }
}

/// The seconds after which the server closes.
async fn closes_after(stream: &mut DuplexStream) -> u64 {
    let start = Instant::now();
    let mut rest = Vec::new();
    timeout(Duration::from_mins(1), stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    start.elapsed().as_secs()
}

#[tokio::test]
async fn a_connection_is_kept_between_two_requests_for_longer_than_a_head_may_take() {
    let mut stream = connect();
    ask(&mut stream).await;
    let mut byte = [0; 1];
    assert!(timeout(IDLE, stream.read(&mut byte)).await.is_err(), "it was closed");
    ask(&mut stream).await;
    // What has begun has five seconds again.
    assert!(timeout(IDLE, stream.read(&mut byte)).await.is_err(), "it was closed");
    stream.write_all(&GET[..20]).await.unwrap();
    assert!((4..=9).contains(&closes_after(&mut stream).await));
}

#[tokio::test]
async fn an_idle_connection_is_closed_when_its_time_is_over() {
    use hyper::rt::Timer as _;
    let timer = HeadTimer::new(Bounded::new(tokio::io::duplex(1).0).received());
    let short = || timer.now() + Duration::from_millis(50);
    let _first = timer.sleep_until(short());
    timeout(Duration::from_secs(3), timer.sleep_until(short())).await.unwrap();
}

#[tokio::test]
async fn j1_the_first_head_has_five_seconds_from_the_start_however_it_drips() {
    let mut silent = connect();
    assert!((4..=9).contains(&closes_after(&mut silent).await));
    let mut drip = connect();
    let start = Instant::now();
    while drip.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!((4..=9).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_request_that_is_worked_on_is_not_an_idle_connection() {
    let mut stream = connect();
    let head = b"POST /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    assert!(closes_after(&mut stream).await >= IDLE.as_secs());
}

/// What a client hears that sends the head, and part of the body, of a request that is refused
/// unread. The rest of the body follows after the answer.
#[tokio::test]
async fn an_answer_before_the_end_of_the_body_says_that_it_closes_and_can_be_read() {
    const REST: usize = 512 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/unread", post(async || "refused"))
        .route("/read", post(async |body: axum::body::Bytes| body.len().to_string()));
    let shutdown = CancellationToken::new();
    tokio::spawn(serve(listener, router, shutdown.clone()));
    let heard = async |path: &str, length: usize| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // Long enough for an answer that waits for nothing.
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(&vec![b'a'; length]).await.unwrap();
        let mut heard = Vec::new();
        let _ = timeout(Duration::from_millis(500), stream.read_to_end(&mut heard)).await;
        String::from_utf8(heard).unwrap().to_ascii_lowercase()
    };
    let refused = heard("/unread", REST).await;
    assert!(refused.ends_with("refused"), "{refused}");
    assert!(refused.contains("connection: close"), "{refused}");
    let taken = heard("/read", 1024).await;
    assert!(taken.ends_with("1024") && !taken.contains("connection: close"), "{taken}");
    shutdown.cancel();
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_a_body_that_is_not_read_is_not_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route(
        "/",
        post(async |body: axum::body::Body| {
            drop(body);
            // Whoever asks for the body in the background asks now.
            tokio::task::yield_now().await;
            "refused"
        }),
    );
    let shutdown = CancellationToken::new();
    tokio::spawn(serve(listener, router, shutdown.clone()));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = String::new();
    timeout(IDLE, stream.read_to_string(&mut heard)).await.unwrap().unwrap();
    assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    shutdown.cancel();
}
