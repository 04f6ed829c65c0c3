//! What one address and one visitor may ask for. Addresses come from `X-Forwarded-For`, because
//! loopback is a trusted proxy here.

use std::sync::Arc;

use edge::limits::{Limits, Proxies, Settings, identify};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};
use tokio_util::sync::CancellationToken;

use crate::world::{PUSH_KEY, World, wait_for};

/// A platform with limits, at an address of its own.
struct Limited {
    world: World,
    base: String,
}

impl Limited {
    async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let world = World::new().await;
        let mut settings = Settings::default();
        change(&mut settings);
        let limits = Arc::new(Limits::new(&settings, &edge::Clock::system()));
        let proxies = Proxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let router = identify(world.router.clone(), limits, proxies);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(edge::serve::serve(listener, router, CancellationToken::new()));
        Self { world, base }
    }

    async fn call(
        &self,
        from: &str,
        method: Method,
        path: &str,
        token: &str,
        body: Value,
    ) -> Response {
        let request = self.world.http.request(method, format!("{}{path}", self.base));
        let request = request.header("x-forwarded-for", from).header("authorization", token);
        request.json(&body).send().await.unwrap()
    }

    /// The statuses of so many calls.
    async fn calls(&self, count: usize, call: impl AsyncFn(usize) -> Response) -> Vec<u16> {
        let mut statuses = Vec::new();
        for n in 0..count {
            statuses.push(call(n).await.status().as_u16());
        }
        statuses
    }
}

fn rate(text: &str) -> edge::limits::Rate {
    text.parse().unwrap()
}

async fn assert_limited(answer: Response, name: &str) {
    assert_eq!(answer.status(), 429);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let wait: u64 = header("retry-after").parse().unwrap();
    assert!(wait >= 1);
    assert_eq!(header("ratelimit"), format!("\"{name}\";r=0;t={wait}"));
    assert!(header("ratelimit-policy").starts_with(&format!("\"{name}\";q=")));
    assert_eq!(header("content-type"), "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["id"], "rate_limited");
}

#[tokio::test]
async fn j3_new_visitors_are_counted_by_address_and_by_bot() {
    let limited = Limited::new(|settings| {
        settings.new_visitors = rate("3/hour");
        settings.new_visitors_of_bot = rate("5/hour");
    })
    .await;
    let path = "/v1/bots/support/visitors";
    let create = |from: &'static str| limited.call(from, Method::POST, path, "", json!({}));
    let of_first = limited.calls(4, async |_| create("192.0.2.1").await).await;
    assert_eq!(of_first, [201, 201, 201, 429]);
    let refused = create("192.0.2.1").await;
    // Pages of other origins may read how long to wait.
    let exposed = refused.headers()["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.contains("ratelimit-policy"), "{exposed}");
    assert_limited(refused, "new_visitors").await;
    // An address that is not believed would be a new one each time.
    let forged = create("192.0.2.77, 192.0.2.1").await;
    assert_limited(forged, "new_visitors").await;
    assert_eq!(create("192.0.2.2").await.status(), 201);
    // One bot has many spellings, which are no other bots.
    let spelled = "/v1/bots/%73upport/visitors";
    let created = limited.call("192.0.2.2", Method::POST, spelled, "", json!({})).await;
    assert_eq!(created.status(), 201);
    for path in [path, spelled, "/v1/bots/supp%6Frt/visitors"] {
        let refused = limited.call("192.0.2.3", Method::POST, path, "", json!({})).await;
        assert_limited(refused, "new_visitors_of_bot").await;
    }
}

#[tokio::test]
async fn j3_each_visitor_has_limits_of_its_own() {
    let limited = Limited::new(|settings| {
        settings.messages = rate("3/hour");
        settings.typing = rate("2/hour");
        settings.polls = rate("2/hour");
    })
    .await;
    let (one, other) = (limited.world.visitor().await, limited.world.visitor().await);
    let (messages, typing) = ("/v1/conversation/messages", "/v1/conversation/typing");
    for (path, method, name, passed, status) in [
        (messages, Method::POST, "messages", 3, 202),
        (typing, Method::POST, "typing", 2, 204),
        ("/v1/conversation/events", Method::GET, "polls", 2, 200),
    ] {
        for visitor in [&one, &other] {
            let token = format!("Bearer {}", visitor.token);
            let call = async |n: usize| {
                let body = json!({ "clientId": format!("{name}{n}"), "text": "hello" });
                limited.call("192.0.2.1", method.clone(), path, &token, body).await
            };
            let statuses = limited.calls(passed, &call).await;
            assert_eq!(statuses, vec![status; passed], "{name}");
            assert_limited(call(99).await, name).await;
        }
        // Who knows a visitor's id but not the token uses up nothing.
        let guess = format!("Bearer {}x", one.token);
        let answer = limited.call("192.0.2.1", method, path, &guess, json!({})).await;
        assert!(answer.status() == 401 || answer.status() == 400, "{name}");
    }
}

#[tokio::test]
async fn an_address_has_a_limit_over_all_its_requests() {
    let limited = Limited::new(|settings| settings.requests = rate("5/hour")).await;
    let call =
        async |_: usize| limited.call("192.0.2.1", Method::GET, "/v1/x", "", json!({})).await;
    assert_eq!(limited.calls(5, &call).await, [404; 5]);
    assert_limited(call(0).await, "requests").await;
    let other = limited.call("192.0.2.2", Method::GET, "/v1/x", "", json!({})).await;
    assert_eq!(other.status(), 404);
}

#[tokio::test]
async fn j4_streams_are_counted_while_they_are_open() {
    let limited = Limited::new(|settings| {
        settings.streams = 2;
        settings.streams_of_address = 3;
    })
    .await;
    let (one, other) = (limited.world.visitor().await, limited.world.visitor().await);
    let open = async |token: &str| {
        let url = format!("{}/v1/conversation/stream", limited.base.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.ok()?;
        let first = json!({ "token": token, "after": 0 }).to_string();
        socket.send(Message::text(first)).await.ok()?;
        Some(socket)
    };
    // Only a stream that has its place reads on, and answers.
    let settle = async |socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>| {
        socket.send(Message::Ping(bytes::Bytes::new())).await.unwrap();
        while !matches!(socket.next().await, Some(Ok(Message::Pong(_)))) {}
    };
    let mut open_ones = vec![open(&one.token).await.unwrap(), open(&one.token).await.unwrap()];
    for socket in &mut open_ones {
        settle(socket).await;
    }
    let mut third = open(&one.token).await.unwrap();
    match third.next().await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 1013),
        other => panic!("{other:?}"),
    }
    drop(third);
    // The one that was refused has left its place, though not at once.
    let mut of_other = wait_for(async || open(&other.token).await).await;
    settle(&mut of_other).await;
    open_ones.push(of_other);
    assert!(open(&other.token).await.is_none(), "the address has as many as it may");
    drop(open_ones.pop());
    wait_for(async || open(&other.token).await).await;
}

#[tokio::test]
async fn pushes_without_a_valid_key_are_counted_by_address() {
    let limited = Limited::new(|settings| settings.failed_calls = rate("3/hour")).await;
    let visitor = limited.world.visitor().await;
    let push = json!({ "eventType": "message", "text": "hi", "botId": "support",
                       "userId": visitor.user });
    let with = |from: &'static str, key: &'static str| {
        limited.call(from, Method::POST, wire::push::PATH, key, push.clone())
    };
    let statuses = limited.calls(4, async |_| with("192.0.2.1", "wrong").await).await;
    assert_eq!(statuses, [401, 401, 401, 429]);
    let refused = with("192.0.2.1", "wrong").await;
    let header = refused.headers()["ratelimit"].to_str().unwrap().to_owned();
    assert!(header.starts_with("\"failed_calls\";r=0"), "{header}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "rate_limited");
    // A key in a header is good at once, whatever others did from there.
    assert_eq!(with("192.0.2.1", PUSH_KEY).await.status(), 200);
    assert_eq!(with("192.0.2.2", "wrong").await.status(), 401);
}

#[tokio::test]
async fn a_key_in_a_header_is_checked_before_there_is_a_body() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let limited = Limited::new(|_| {}).await;
    for (key, expected) in [("wrong", "HTTP/1.1 413"), (PUSH_KEY, "")] {
        let mut stream =
            tokio::net::TcpStream::connect(limited.base.replace("http://", "")).await.unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: a\r\nauthorization: {key}\r\ncontent-length: 200000\r\n\r\n",
            wire::push::PATH
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        if expected.is_empty() {
            // The body is waited for: it is taken, and then found to be no push.
            stream.write_all(&vec![b' '; 200_000]).await.unwrap();
        }
        let mut heard = vec![0; 12];
        stream.read_exact(&mut heard).await.unwrap();
        let heard = String::from_utf8(heard).unwrap();
        if expected.is_empty() {
            assert_eq!(heard, "HTTP/1.1 400");
        } else {
            assert_eq!(heard, expected, "no byte of the body was sent");
        }
    }
}

/// Each kind of secret that the platform compares, from an address of its own.
#[tokio::test]
async fn j3_every_wrong_secret_counts_against_its_address() {
    let limited = Limited::new(|settings| settings.failed_calls = rate("3/hour")).await;
    let visitor = limited.world.visitor().await;
    let history = format!("{}?botId=support&userId={}", wire::history::PATH, visitor.user);
    let wrong = format!("Bearer {}x", visitor.token);
    let cases: [(&str, Method, &str, &str); 5] = [
        ("192.0.2.1", Method::GET, &history, "a guess"),
        ("192.0.2.2", Method::GET, "/v1/conversation/events", &wrong),
        ("192.0.2.3", Method::POST, "/v1/conversation/messages", &wrong),
        ("192.0.2.4", Method::POST, "/v1/conversation/typing", "Bearer vst_x"),
        ("192.0.2.5", Method::POST, "/v1/conversation/end", &wrong),
    ];
    for (from, method, path, secret) in cases {
        let guess = async |_| limited.call(from, method.clone(), path, secret, json!({})).await;
        assert_eq!(limited.calls(3, guess).await, [401; 3], "{path}");
        assert_limited(guess(0).await, "failed_calls").await;
        // The right token is good from there all the same.
        let token = format!("Bearer {}", visitor.token);
        let typing = "/v1/conversation/typing";
        let right = limited.call(from, Method::POST, typing, &token, json!({})).await;
        assert_eq!(right.status(), 204, "{path}");
    }
    // The first frame of a stream is a guess, too.
    let mut codes = Vec::new();
    for _ in 0..4 {
        let url = format!("{}/v1/conversation/stream", limited.base.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("x-forwarded-for", "192.0.2.9".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let first = json!({ "token": "vst_x", "after": 0 }).to_string();
        socket.send(Message::text(first)).await.unwrap();
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => codes.push(u16::from(frame.code)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(codes, [4401, 4401, 4401, 1013]);
}

#[tokio::test]
async fn a_body_that_proves_nothing_and_cannot_be_read_counts_like_a_wrong_key() {
    let limited = Limited::new(|settings| settings.failed_calls = rate("3/hour")).await;
    let long = json!({ "accessToken": PUSH_KEY, "text": "x".repeat(200_000) });
    let push = async |from: &'static str, body: &Value| {
        let (method, path) = (Method::POST, wire::push::PATH);
        limited.call(from, method, path, "", body.clone()).await.status().as_u16()
    };
    for _ in 0..3 {
        assert_eq!(push("192.0.2.1", &long).await, 413);
    }
    assert_eq!(push("192.0.2.1", &long).await, 429);
    // Nor is a further body read, whatever it holds.
    assert_eq!(push("192.0.2.1", &json!({ "accessToken": PUSH_KEY })).await, 429);
    assert_eq!(push("192.0.2.2", &long).await, 413);
}

#[tokio::test]
async fn j4_frames_are_short_and_never_compressed() {
    let limited = Limited::new(|_| {}).await;
    let visitor = limited.world.visitor().await;
    for length in [1_000, 4_097, 65_537] {
        let url = format!("{}/v1/conversation/stream", limited.base.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        let offer = "permessage-deflate; client_max_window_bits".parse().unwrap();
        request.headers_mut().insert("sec-websocket-extensions", offer);
        let (mut socket, answer) = tokio_tungstenite::connect_async(request).await.unwrap();
        assert!(!answer.headers().contains_key("sec-websocket-extensions"));
        let first = json!({ "token": visitor.token, "after": 0, "x": "x".repeat(length) });
        // The server hangs up meanwhile.
        let _ = socket.send(Message::text(first.to_string())).await;
        let _ = socket.send(Message::Ping(bytes::Bytes::new())).await;
        let heard = loop {
            match socket.next().await {
                Some(Ok(Message::Text(_))) => {}
                heard => break heard,
            }
        };
        let is_open = matches!(heard, Some(Ok(Message::Pong(_))));
        assert_eq!(is_open, length < 4_096, "{length}: {heard:?}");
    }
}
