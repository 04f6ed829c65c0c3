//! The same events by socket and by long poll, from any number on, and typing that goes away.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::world::{PATIENCE, START, Visitor, World, is, wait_for};

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(base: &str, first: &str) -> Self {
        let url = format!("{}/v1/conversation/stream", base.replace("http", "ws"));
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Self::greeting(socket, first).await
    }

    pub(crate) async fn greeting(
        mut socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
        first: &str,
    ) -> Self {
        socket.send(Message::text(first)).await.unwrap();
        Self(socket)
    }

    async fn of(visitor: &Visitor, after: u64) -> Self {
        let first = json!({ "token": visitor.token, "after": after });
        Self::open(&visitor.base, &first.to_string()).await
    }

    /// The next event, or the code the socket was closed with.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => break Ok(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(frame))) => break Err(frame.unwrap().code.into()),
                    Some(Ok(_)) => {}
                    other => panic!("the socket ended without a word: {other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("nothing came")
    }

    async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.next().await.unwrap());
        }
        events
    }
}

#[tokio::test]
async fn stream_and_poll_give_the_same_events_from_any_number_on() {
    let world = World::new().await;
    let visitor = world.paused_visitor("support").await;
    for n in 0..250 {
        let push = json!({ "eventType": "message", "text": format!("m{n}") });
        assert_eq!(world.push(&visitor, push).await.0, 200);
    }
    let mut all = Vec::new();
    let mut next = 0;
    loop {
        let (page, then) = visitor.poll(next, 0).await;
        assert!(page.len() <= 200);
        if page.is_empty() {
            assert_eq!(then, next);
            break;
        }
        all.extend(page);
        next = then;
    }
    let numbers: Vec<_> = all.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    let expected: Vec<_> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected);
    assert!(numbers.len() >= 252);
    for after in [0, 1, 3, 200, next - 1] {
        let mut socket = Socket::of(&visitor, after).await;
        let rest = &all[usize::try_from(after).unwrap()..];
        assert_eq!(socket.take(rest.len()).await, rest, "after {after}");
    }
}

#[tokio::test]
async fn what_happens_is_told_at_once_to_whoever_waits() {
    let world = World::new().await;
    let idle = world.store.watched();
    let visitor = world.visitor().await;
    let polling = poll_in_background(&visitor, 0);
    wait_for(async || (world.store.watched() > idle).then_some(())).await;
    let push = json!({ "eventType": "message", "text": "live" });
    world.push(&visitor, push.clone()).await;
    let polled: Value = polling.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!((&polled["events"][0]["text"], &polled["next"]), (&json!("live"), &json!(1)));

    wait_for(async || (world.store.watched() == idle).then_some(())).await;
    let mut socket = Socket::of(&visitor, 1).await;
    wait_for(async || (world.store.watched() > idle).then_some(())).await;
    world.push(&visitor, push).await;
    let live = socket.next().await.unwrap();
    assert_eq!((&live["text"], &live["seq"]), (&json!("live"), &json!(2)));
    drop(socket);
    wait_for(async || (world.store.watched() == idle).then_some(())).await;
}

fn poll_in_background(
    visitor: &Visitor,
    after: u64,
) -> tokio::task::JoinHandle<reqwest::Result<reqwest::Response>> {
    let url = format!("{}/v1/conversation/events?after={after}&wait=25", visitor.base);
    tokio::spawn(visitor.http.get(url).bearer_auth(&visitor.token).send())
}

#[tokio::test]
async fn typing_is_whispered_and_gone_after_ten_seconds() {
    let world = World::new().await;
    let visitor = world.paused_visitor("support").await;
    let (events, seq) = visitor.poll(0, 0).await;
    assert!(!events.is_empty());
    let idle = world.store.watched();
    let mut first = Socket::of(&visitor, seq).await;
    wait_for(async || (world.store.watched() > idle).then_some(())).await;
    let typing = json!({ "eventType": "user_typing" });
    world.push(&visitor, typing.clone()).await;
    let expected = json!({
        "type": "typing", "at": edge::time::rfc3339(START),
        "until": edge::time::rfc3339(START + 10_000),
        "agent": { "name": "Jane Doe", "avatarUrl": "" }
    });
    assert_eq!(first.next().await.unwrap(), expected);
    // Who comes while it holds is told; who comes at ten seconds is not.
    world.clock.advance(9_999);
    let mut second = Socket::of(&visitor, seq).await;
    assert_eq!(second.next().await.unwrap(), expected);
    world.clock.advance(1);
    let mut third = Socket::of(&visitor, seq).await;
    let push = json!({ "eventType": "message", "text": "Here I am" });
    world.push(&visitor, push).await;
    for socket in [&mut first, &mut second, &mut third] {
        assert_eq!(socket.next().await.unwrap()["text"], "Here I am");
    }
    // Who comes after the message is not told of the typing before it.
    world.push(&visitor, typing.clone()).await;
    assert!(is("typing")(&first.next().await.unwrap()));
    world.push(&visitor, json!({ "eventType": "message", "text": "So" })).await;
    let mut fourth = Socket::of(&visitor, seq + 1).await;
    assert_eq!(fourth.next().await.unwrap()["text"], "So");
    world.push(&visitor, json!({ "eventType": "message", "text": "Well" })).await;
    assert_eq!(fourth.next().await.unwrap()["text"], "Well");
    // The long poll hears of it as well.
    let polling = poll_in_background(&visitor, seq + 3);
    wait_for(async || {
        // Nothing shows from outside that the poll has begun, so it is typed until it hears.
        world.push(&visitor, typing.clone()).await;
        polling.is_finished().then_some(())
    })
    .await;
    let polled: Value = polling.await.unwrap().unwrap().json().await.unwrap();
    assert!(is("typing")(&polled["events"][0]), "{polled}");
    assert_eq!(polled["next"], seq + 3);
}

#[tokio::test]
async fn j4_a_socket_that_does_not_say_who_it_is_is_closed() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let other = visitor.token.replace("vst_", "vst_0");
    let cases = [
        ("{".to_owned(), 4400),
        ("{}".to_owned(), 4400),
        (json!({ "token": 7 }).to_string(), 4400),
        (json!({ "token": "" }).to_string(), 4401),
        (json!({ "token": other }).to_string(), 4401),
        (json!({ "token": format!("{}x", visitor.token) }).to_string(), 4401),
    ];
    for (first, code) in cases {
        let mut socket = Socket::open(&world.base, &first).await;
        assert_eq!(socket.next().await, Err(code), "{first}");
    }
    // Without an upgrade it is an answer like any other.
    let url = format!("{}/v1/conversation/stream", world.base);
    let answer = world.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn streams_and_polls_end_with_the_process() {
    let world = World::new().await;
    let idle = world.store.watched();
    let (one, other) = (world.visitor().await, world.visitor().await);
    let mut socket = Socket::of(&one, 0).await;
    let polling = poll_in_background(&other, 0);
    wait_for(async || (world.store.watched() == idle + 2).then_some(())).await;
    world.shut_down();
    assert_eq!(socket.next().await, Err(1001));
    let ended = tokio::time::timeout(PATIENCE, polling).await;
    assert!(ended.unwrap().unwrap().is_ok_and(|answer| answer.status() == 200));
}
