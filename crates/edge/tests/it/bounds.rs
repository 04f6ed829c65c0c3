//! The accept loop against clients that are slow or greedy on purpose.

use std::time::Duration;

use axum::{Router, body::Body, routing::post};
use edge::{
    http::{SentBy, read_body},
    serve::serve,
    socket::{Budget, Upgrade},
};
use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    time::Instant,
};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

const BIG: usize = 16 * 1024 * 1024;

async fn start() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route(
            "/body",
            post(async |body: Body| read_body(body, 1024, SentBy::Known).await.map(|_| "read")),
        )
        .route("/big", post(async || vec![b'x'; BIG]))
        .route(
            "/socket",
            axum::routing::get(async |upgrade: Upgrade| {
                let budget = Budget { burst: 4 * 1024, per_second: 512 };
                upgrade.serve(1024, budget, async |mut socket| {
                    loop {
                        match socket.recv().await {
                            Ok(Some(message))
                                if message.to_text().is_ok_and(|text| text == "big") =>
                            {
                                let big = axum::extract::ws::Message::text("x".repeat(BIG / 4));
                                if socket.send(big).await.is_err() {
                                    return;
                                }
                            }
                            Ok(Some(_)) => {}
                            Ok(None) => return,
                            Err(end) => return socket.close(end).await,
                        }
                    }
                })
            }),
        );
    tokio::spawn(serve(listener, router, CancellationToken::new()));
    address
}

async fn connect(address: std::net::SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// Everything the server sends until it closes, and after how many seconds that was.
async fn until_closed(mut stream: TcpStream) -> (String, u64) {
    let start = Instant::now();
    let mut heard = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut heard).await;
    (String::from_utf8_lossy(&heard).into_owned(), start.elapsed().as_secs())
}

async fn look_again() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

async fn within<T>(limit_seconds: u64, done: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(limit_seconds), done).await.expect("it never ends")
}

#[tokio::test]
async fn j1_half_a_head_has_five_seconds() {
    let address = start().await;
    let stream = connect(address, "POST /body HTTP/1.1\r\nhost: a\r\nx-half").await;
    let (_, seconds) = within(60, until_closed(stream)).await;
    assert!((4..=20).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn j2_half_a_body_has_ten_seconds() {
    let address = start().await;
    let head = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\nconnection: close\r\n\r\n";
    let stream = connect(address, &format!("{head}half")).await;
    let (heard, seconds) = within(60, until_closed(stream)).await;
    assert!(heard.starts_with("HTTP/1.1 408"), "{heard}");
    assert!(heard.contains("within ten seconds"), "{heard}");
    assert!((9..=25).contains(&seconds), "{seconds}");
}

/// A byte each second, so there is progress all the time.
#[tokio::test]
async fn j2_a_body_that_drips_has_ten_seconds_in_all() {
    let address = start().await;
    let head = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\nconnection: close\r\n\r\n";
    let (read, mut write) = connect(address, head).await.into_split();
    let dripping = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let start = Instant::now();
    let mut heard = vec![0; 12];
    let mut read = read;
    within(60, read.read_exact(&mut heard)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), "HTTP/1.1 408");
    assert!((9..=25).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    dripping.abort();
}

#[tokio::test]
async fn j2_bodies_that_are_endless_cut_or_compressed_are_refused_at_once() {
    let address = start().await;
    let head = "POST /body HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    let endless = format!("{head}transfer-encoding: chunked\r\n\r\n")
        + &format!("200\r\n{}\r\n", "x".repeat(0x200)).repeat(4);
    let announced = format!("{head}content-length: 1025\r\n\r\n");
    let zipped = format!("{head}content-encoding: gzip\r\ncontent-length: 4\r\n\r\nzipp");
    let plain = format!("{head}content-encoding: identity\r\ncontent-length: 4\r\n\r\ntext");
    for (sent, status) in [(endless, 413), (announced, 413), (zipped, 415), (plain, 200)] {
        let stream = connect(address, &sent).await;
        let (heard, seconds) = within(60, until_closed(stream)).await;
        assert!(heard.starts_with(&format!("HTTP/1.1 {status}")), "{sent:.80}: {heard}");
        assert!(seconds < 4, "{seconds}");
    }
    // Shorter than it said.
    let mut stream = connect(address, &format!("{head}content-length: 100\r\n\r\nhalf")).await;
    stream.shutdown().await.unwrap();
    let (heard, seconds) = within(60, until_closed(stream)).await;
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 400"), "{heard}");
    assert!(seconds < 4, "{seconds}");
}

#[tokio::test]
async fn m5_every_answer_has_a_request_id_of_its_own() {
    let address = start().await;
    let mut ids = std::collections::BTreeSet::new();
    for request in ["POST /body", "GET /nowhere", "POST /body%00"] {
        let head = format!(
            "{request} HTTP/1.1\r\nhost: a\r\nx-request-id: theirs\r\nconnection: close\r\n\r\n"
        );
        let (heard, _) = within(60, until_closed(connect(address, &head).await)).await;
        let line = heard.lines().find_map(|line| line.strip_prefix("x-request-id: req_"));
        assert!(ids.insert(line.expect("there is an id").to_owned()), "{heard}");
        if heard.contains("problem+json") {
            assert!(heard.contains(&format!("\"requestId\":\"req_{}\"", line.unwrap())), "{heard}");
        }
    }
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let address = start().await;
    let mut stream = connect(address, "POST /body HTTP/1.1\r\nhost: a\r\nx-a: ").await;
    // The server hangs up meanwhile.
    let _ = stream.write_all(&vec![b'x'; 100_000]).await;
    let (heard, seconds) = within(60, until_closed(stream)).await;
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 431"), "{heard}");
    assert!(seconds < 4, "{seconds}: it is not the time that ends it");
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_given_up_after_ten_seconds() {
    let address = start().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(b"POST /big HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    // Nothing is read until the server has hung up, which shows when something is sent.
    let start = Instant::now();
    within(60, async {
        while stream.write_all(b"x").await.is_ok() {
            look_again().await;
        }
    })
    .await;
    assert!(start.elapsed() >= Duration::from_secs(9), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_slow_reader_gets_everything() {
    let address = start().await;
    let head = "POST /big HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let stream = connect(address, head).await;
    let (heard, _) = within(60, until_closed(stream)).await;
    assert!(heard.len() > BIG);
}

#[tokio::test]
async fn j4_a_socket_that_sends_too_much_is_closed_with_a_reason() {
    let address = start().await;
    for message in [
        Message::Ping(vec![b'p'; 100].into()),
        Message::Ping(bytes::Bytes::new()),
        Message::Pong(bytes::Bytes::new()),
        Message::text(""),
        Message::text("x".repeat(1_000)),
    ] {
        let url = format!("ws://{address}/socket");
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        // Within the budget.
        for _ in 0..3 {
            socket.send(message.clone()).await.unwrap();
        }
        let flood = async {
            let (mut send, mut receive) = socket.split();
            let sending = async {
                // The server hangs up meanwhile.
                while send.send(message.clone()).await.is_ok() {
                    tokio::task::yield_now().await;
                }
                std::future::pending::<()>().await;
            };
            let reading = async {
                loop {
                    match receive.next().await {
                        Some(Ok(Message::Close(Some(frame)))) => return Some(frame.code.into()),
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => return None,
                    }
                }
            };
            tokio::select! { () = sending => None, code = reading => code }
        };
        let code: Option<u16> = within(20, flood).await;
        assert_eq!(code, Some(1008), "{message:?}");
    }
}

#[tokio::test]
async fn j4_a_message_in_endless_pieces_is_noticed() {
    let address = start().await;
    let mut stream = connect(
        address,
        "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    .await;
    // One text frame that is not the last, then empty continuations, all masked with zeros. They
    // are more than what may be read ahead together with the request.
    let mut sent = vec![0x01, 0x80, 0, 0, 0, 0];
    for _ in 0..10_000 {
        sent.extend([0x00, 0x80, 0, 0, 0, 0]);
    }
    // The server hangs up meanwhile.
    let _ = stream.write_all(&sent).await;
    let (heard, _) = within(20, until_closed(stream)).await;
    assert!(heard.starts_with("HTTP/1.1 101"), "{heard}");
}

#[tokio::test]
async fn a_socket_that_is_not_read_is_given_up() {
    let address = start().await;
    let url = format!("ws://{address}/socket");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    socket.send(Message::text("big")).await.unwrap();
    let start = Instant::now();
    let pong = || Message::Pong(bytes::Bytes::new());
    within(60, async {
        while socket.send(pong()).await.is_ok() {
            look_again().await;
        }
    })
    .await;
    assert!(start.elapsed() >= Duration::from_secs(9), "{:?}", start.elapsed());
}
