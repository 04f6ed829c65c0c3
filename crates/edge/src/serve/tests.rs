//! Times of one connection, on a paused clock and a pipe instead of a network.

use axum::routing::{get, post};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    time::{Instant, advance, timeout},
};

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// The client's end of a connection.
fn connect() -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let router = Router::new()
        .route("/", get(async || "answer"))
        .route("/slow", post(async || tokio::time::sleep(KEEP_ALIVE * 2).await));
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
    timeout(Duration::from_mins(10), stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_between_two_requests_as_long_as_answers_say() {
    let mut stream = connect();
    ask(&mut stream).await;
    advance(KEEP_ALIVE - Duration::from_secs(1)).await;
    ask(&mut stream).await;
    assert_eq!(closes_after(&mut stream).await, KEEP_ALIVE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn j1_a_head_has_five_seconds_from_its_first_byte_and_the_first_from_the_start() {
    let mut silent = connect();
    assert_eq!(closes_after(&mut silent).await, 5);
    let mut half = connect();
    half.write_all(&GET[..20]).await.unwrap();
    assert_eq!(closes_after(&mut half).await, 5);
    let mut drip = connect();
    let start = Instant::now();
    while drip.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!((5..=7).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    let mut later = connect();
    ask(&mut later).await;
    advance(Duration::from_secs(30)).await;
    later.write_all(&GET[..20]).await.unwrap();
    assert_eq!(closes_after(&mut later).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_worked_on_is_not_an_idle_connection() {
    let mut stream = connect();
    let head = b"POST /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    assert_eq!(closes_after(&mut stream).await, (KEEP_ALIVE * 2).as_secs());
}
