//! A bridge that is away for a moment: its calls are tried again under the same id within five
//! seconds, and the bot says nothing.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, header};
use machine::conversation::{Event, Reply};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::world::{Visitor, World, config, control, says, wait_for};

/// What one connection gets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    /// Closed, without a byte.
    Close,
    /// Reset, before the call was read.
    Reset,
    /// Not accepted: no server listens for a while.
    Refuse,
    Status(u16),
    /// A status, and a wait of one second that is asked for.
    Later(u16),
    /// The same with a minute.
    Long(u16),
    /// The beginning of an answer, then the end of the connection.
    Break,
    /// A page that is no answer.
    Page,
    Paused,
}

/// A bridge that gives each connection its turn, and [`Turn::Paused`] after the last one.
pub(crate) struct Blinking {
    pub(crate) url: String,
    /// The id and the body of every call that was read.
    calls: Arc<Mutex<Vec<(String, String)>>>,
    /// What each of them said about the time that is left, in milliseconds.
    pub(crate) left: Arc<Mutex<Vec<u64>>>,
}

type Seen = (Arc<Mutex<Vec<(String, String)>>>, Arc<Mutex<Vec<u64>>>);

impl Blinking {
    pub(crate) async fn start(turns: &'static [Turn]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (calls, left) = Seen::default();
        let seen = (Arc::clone(&calls), Arc::clone(&left));
        tokio::spawn(async move {
            let mut listener = listener;
            for turn in turns.iter().copied().chain(std::iter::repeat(Turn::Paused)) {
                if matches!(turn, Turn::Refuse) {
                    drop(listener);
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    listener = TcpListener::bind(address).await.unwrap();
                    continue;
                }
                let (stream, _) = listener.accept().await.unwrap();
                take_turn(stream, turn, &seen).await;
            }
        });
        Self { url: format!("http://{address}"), calls, left }
    }

    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        self.calls.lock().unwrap().clone()
    }

    async fn world(&self) -> World {
        World::with(|bot, _| vec![config(bot, &self.url, "support", "script")]).await
    }
}

async fn take_turn(mut stream: TcpStream, turn: Turn, (calls, left): &Seen) {
    if matches!(turn, Turn::Reset) {
        stream.set_zero_linger().unwrap();
        return;
    }
    let (call, time_left) = read_call(&mut stream).await;
    calls.lock().unwrap().push(call);
    left.lock().unwrap().push(time_left);
    let paused = r#"{"paused":true}"#;
    let head = |status: u16, more: &str| {
        let length = paused.len();
        format!(
            "HTTP/1.1 {status} X\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    let answer = match turn {
        Turn::Close | Turn::Reset | Turn::Refuse => String::new(),
        Turn::Status(status) => head(status, "") + paused,
        Turn::Later(status) => head(status, "Retry-After: 1\r\n") + paused,
        Turn::Long(status) => head(status, "Retry-After: 60\r\n") + paused,
        Turn::Break => head(200, "") + "{",
        Turn::Page => head(200, "") + "<html></html> ",
        Turn::Paused => head(200, "") + paused,
    };
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn read_call(stream: &mut TcpStream) -> ((String, String), u64) {
    let mut read = Vec::new();
    loop {
        stream.read_buf(&mut read).await.unwrap();
        let text = String::from_utf8(read.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let headers: HeaderMap = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter_map(|(name, value)| {
                Some((name.parse::<header::HeaderName>().ok()?, value.parse().ok()?))
            })
            .collect();
        let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
        if body.len() == length {
            let id = headers["idempotency-key"].to_str().unwrap();
            assert_eq!(headers["x-request-id"], id);
            let left = headers["x-baton-time-left-ms"].to_str().unwrap().parse().unwrap();
            return ((id.to_owned(), body.to_owned()), left);
        }
    }
}

async fn settled(visitor: &Visitor) -> (Reply, bool) {
    let noted = visitor.until_noted(|event| matches!(event, Event::CallSettled { .. })).await;
    match noted.event {
        Event::CallSettled { reply, forwarded, .. } => (reply, forwarded),
        _ => unreachable!(),
    }
}

const AWAY: [&[Turn]; 8] = [
    &[Turn::Refuse],
    &[Turn::Close, Turn::Close, Turn::Refuse],
    &[Turn::Reset, Turn::Reset, Turn::Reset],
    &[Turn::Status(503), Turn::Status(503), Turn::Status(503)],
    &[Turn::Status(502), Turn::Status(504), Turn::Close],
    &[Turn::Later(429)],
    &[Turn::Later(503), Turn::Refuse, Turn::Later(503)],
    &[Turn::Refuse, Turn::Reset, Turn::Close, Turn::Status(503)],
];

/// S2: the bridge restarts, or its database is away for a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_that_blinks_loses_no_word_and_the_bot_says_nothing() {
    futures::future::join_all(AWAY.map(async |turns| {
        let bridge = Blinking::start(turns).await;
        let world = bridge.world().await;
        let visitor = world.paused_visitor("support").await;
        visitor.say("are you there?").await;
        let (reply, forwarded) = settled(&visitor).await;
        assert_eq!((&reply, forwarded), (&Reply::Paused { pause: None }, false), "{turns:?}");
        visitor.at_rest().await;
        assert!(world.bot.asked(&visitor.conversation).is_empty(), "{turns:?}");
        let calls = bridge.calls();
        let read = turns.iter().filter(|turn| !matches!(turn, Turn::Refuse | Turn::Reset)).count();
        assert_eq!(calls.len(), read + 1, "{turns:?}");
        let same = calls.iter().all(|call| *call == calls[0]);
        assert!(same, "one id and one body for every attempt: {turns:?}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_one_survives_a_blink_too() {
    futures::future::join_all(AWAY.map(async |turns| {
        let world = Blinking::start(turns).await.world().await;
        let mut visitor = world.visitor().await;
        visitor.say("handover").await;
        let changed = visitor.until(|event| event["reason"] == "webhook_paused").await;
        assert!(control("human")(&changed), "{turns:?}");
    }))
    .await;
}

/// What may have been taken is not sent again, and what a second attempt cannot change neither.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_however_bad_is_the_end() {
    let over: [&[Turn]; 5] = [
        &[Turn::Break],
        &[Turn::Status(500)],
        &[Turn::Status(404)],
        &[Turn::Status(401)],
        &[Turn::Status(503), Turn::Break],
    ];
    futures::future::join_all(over.map(async |turns| {
        let bridge = Blinking::start(turns).await;
        let world = bridge.world().await;
        let mut visitor = world.paused_visitor("support").await;
        visitor.say("hello").await;
        visitor.until(says("echo: hello")).await;
        let (reply, forwarded) = settled(&visitor).await;
        let bad = matches!(reply, Reply::Failed { .. } | Reply::Away { .. });
        assert!(bad && forwarded, "{turns:?}: {reply:?}");
        assert_eq!(bridge.calls().len(), turns.len(), "{turns:?}");
    }))
    .await;
}

/// The bridge must know when its answer would come too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_says_how_much_of_the_five_seconds_is_left() {
    let bridge = Blinking::start(&[Turn::Status(503), Turn::Later(503)]).await;
    let world = bridge.world().await;
    let visitor = world.paused_visitor("support").await;
    visitor.say("are you there?").await;
    settled(&visitor).await;
    let left = bridge.left.lock().unwrap().clone();
    assert!(left.len() == 3 && (4_500..=5_000).contains(&left[0]), "{left:?}");
    assert!(left[1] < left[0] - 30 && left[2] <= left[1] - 1_000, "{left:?}");
}

/// A platform that ends while its bridge is away makes no decision: both may be one process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_was_not_taken_is_left_to_the_next_start() {
    let bridge = Blinking::start(&[Turn::Close; 4]).await;
    let world = bridge.world().await;
    let visitor = world.paused_visitor("support").await;
    visitor.say("are you there?").await;
    wait_for(async || (!bridge.calls().is_empty()).then_some(())).await;
    let (conversation, token) = (visitor.conversation.clone(), visitor.token.clone());
    drop(visitor);
    let world = world.restart().await;
    let mut visitor = world.visitor().await;
    (visitor.conversation, visitor.token) = (conversation, token);
    let (reply, _) = settled(&visitor).await;
    assert_eq!(reply, Reply::Paused { pause: None });
    let calls = bridge.calls();
    assert!(calls.len() > 2 && calls.iter().all(|call| *call == calls[0]), "{calls:?}");
    assert!(world.bot.asked(&visitor.conversation).is_empty());
}
