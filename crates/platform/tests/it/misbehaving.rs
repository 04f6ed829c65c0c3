//! B2: the five seconds are a wall clock. B8: one bad endpoint does not hurt others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::future::join_all;
use machine::{
    Machine as _,
    conversation::{Control, Conversation, Event, Input, PauseChange, PushInput, Reply, Said},
};
use store::CommitGuard;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::world::{START, World, config, control, wait_for};

/// The contract's five seconds, and what is granted to the clock and to the commit.
const ENDED_MAX: Duration = Duration::from_millis(5_200);
const AT_ONCE: usize = 100;

/// What a receiver does to each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misdeed {
    Silent,
    DripHeaders,
    EndlessHeaders,
    DripBody,
    EndlessBody,
    StallInTls,
    Reset,
    Break,
}

use Misdeed::{
    Break, DripBody, DripHeaders, EndlessBody, EndlessHeaders, Reset, Silent, StallInTls,
};

const MISDEEDS: [Misdeed; 8] =
    [Silent, DripHeaders, EndlessHeaders, DripBody, EndlessBody, StallInTls, Reset, Break];

async fn misbehaving(misdeed: Misdeed) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scheme = if misdeed == StallInTls { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The other side hangs up, which ends each of them.
            tokio::spawn(misbehave(stream, misdeed));
        }
    });
    url
}

async fn misbehave(mut stream: TcpStream, misdeed: Misdeed) -> std::io::Result<()> {
    if misdeed == Reset {
        stream.set_zero_linger()?;
        return Ok(());
    }
    stream.read_u8().await?;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let (begin, more, pause) = match misdeed {
        DripHeaders => (head.to_owned(), b"x".as_slice(), Duration::from_secs(1)),
        EndlessHeaders => (head.to_owned(), b"x: y\r\n".as_slice(), Duration::ZERO),
        DripBody => (format!("{head}\r\n{{"), b" ".as_slice(), Duration::from_millis(100)),
        EndlessBody => (format!("{head}\r\n"), [b' '; 1024].as_slice(), Duration::ZERO),
        Break => {
            stream.write_all(format!("{head}content-length: 15\r\n\r\n{{").as_bytes()).await?;
            return Ok(());
        }
        Silent | StallInTls | Reset => {
            // To its end, so that nothing is reset.
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
            return Ok(());
        }
    };
    stream.write_all(begin.as_bytes()).await?;
    loop {
        tokio::time::sleep(pause).await;
        stream.write_all(more).await?;
    }
}

/// When each call became owed, and when and how it ended.
#[derive(Default)]
struct Times {
    owed: HashMap<String, Instant>,
    ended: HashMap<String, (Duration, Reply)>,
}

/// Hears of every commit, as the driver does.
fn listen(world: &World) -> (Arc<Mutex<Times>>, CommitGuard) {
    let times = Arc::<Mutex<Times>>::default();
    let heard = Arc::clone(&times);
    let guard = world.store.on_commit::<Conversation>(move |committed| {
        let mut times = heard.lock().unwrap();
        for recorded in &*committed.events {
            let id = committed.id.to_string();
            match &recorded.event {
                Event::ControlChanged { control: Control::Requested { .. }, .. } => {
                    times.owed.insert(id, Instant::now());
                }
                Event::VisitorSaid { .. } if committed.state.paused_until().is_some() => {
                    times.owed.insert(id, Instant::now());
                }
                Event::CallSettled { reply, .. } => {
                    let took = times.owed[&id].elapsed();
                    times.ended.insert(id, (took, reply.clone()));
                }
                _ => {}
            }
        }
    });
    (times, guard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_a_hundred_calls_to_eight_misbehaving_receivers_end_in_five_seconds() {
    let urls = join_all(MISDEEDS.map(async |misdeed| misbehaving(misdeed).await)).await;
    let world = World::with(|bot, _| {
        let of =
            |(misdeed, url): (&Misdeed, &String)| config(bot, url, &format!("{misdeed:?}"), "hook");
        MISDEEDS.iter().zip(&urls).map(of).collect()
    })
    .await;
    let (times, _guard) = listen(&world);
    let mut visitors = Vec::new();
    for misdeed in MISDEEDS.iter().cycle().take(AT_ONCE) {
        visitors.push((*misdeed, world.visitor_of(&format!("{misdeed:?}")).await));
    }
    join_all(visitors.iter().map(|(_, visitor)| visitor.say("handover"))).await;
    for (misdeed, visitor) in &mut visitors {
        let changed = visitor.until(control("bot")).await;
        let (took, reply) = times.lock().unwrap().ended[&visitor.conversation].clone();
        assert!(took <= ENDED_MAX, "{misdeed:?} took {took:?}: {reply:?}");
        let late = reply == Reply::Late;
        // No connection within two seconds is tried again, and may end as either; so may headers
        // that never end, by their length or by the time they take.
        if !matches!(*misdeed, StallInTls | EndlessHeaders) {
            let is_slow = matches!(*misdeed, Silent | DripHeaders | DripBody);
            assert_eq!(late, is_slow, "{misdeed:?}: {reply:?}");
        }
        let failed = matches!(reply, Reply::Late | Reply::Failed { .. } | Reply::Away { .. });
        assert!(failed, "{misdeed:?}: {reply:?}");
        let reason = if late { "webhook_late" } else { "webhook_failed" };
        assert_eq!(changed["reason"], reason, "{misdeed:?}");
        if *misdeed == EndlessBody {
            assert!(format!("{reply:?}").contains("larger than 65536 bytes"), "{reply:?}");
        }
    }
}

/// Conversations of `bot` in a pause, each with one message for the bridge.
async fn many_waiting(world: &World, bot: &str, count: usize) {
    let ledger = world.store.ledger::<Conversation>(bot);
    let policy = machine::conversation::Policy::default();
    let (ledger, policy) = (&ledger, &policy);
    join_all((0..count).map(async |n| {
        let id = format!("cnv_{bot}{n}");
        ledger.create(&id, &Conversation::new()).await.unwrap();
        let pause = PauseChange::Pause(None);
        let pushed = Input::Pushed(PushInput::Channel { agent: None, pause });
        let said = Input::VisitorSaid { client_id: "c".to_owned(), said: Said::text("hello") };
        for input in [pushed, said] {
            ledger.step(&id, policy, START, None, input).await.unwrap();
        }
    }))
    .await;
}

/// A receiver that takes three seconds for each call, with many visitors at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_gets_every_call_of_two_hundred_visitors() {
    let world = World::with(|bot, bridge| vec![config(bot, &bridge.url, "slow", "slow")]).await;
    let (times, _guard) = listen(&world);
    many_waiting(&world, "slow", 200).await;
    wait_for(async || (times.lock().unwrap().ended.len() == 200).then_some(())).await;
    assert_eq!(world.bridge.calls_under("slow"), 200);
    let times = times.lock().unwrap();
    let taken = |(_, reply): &&(Duration, Reply)| matches!(reply, Reply::Paused { .. });
    assert_eq!(times.ended.values().filter(taken).count(), 200);
}

/// The owner may choose fewer calls at a time; one that never got its turn is not taken for late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_turn_was_not_taken() {
    let world = World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "slow", "silent");
        let webhook = config.webhook.as_mut().unwrap();
        webhook.target = webhook.target.clone().with_calls_at_once(1);
        vec![config]
    })
    .await;
    let (times, _guard) = listen(&world);
    many_waiting(&world, "slow", 3).await;
    wait_for(async || (times.lock().unwrap().ended.len() == 3).then_some(())).await;
    let times = times.lock().unwrap();
    let unsent = |(_, reply): &&(Duration, Reply)| match reply {
        Reply::Away { why, .. } => why.contains("too many other calls"),
        _ => false,
    };
    assert!(times.ended.values().any(|ended| unsent(&ended)), "{:?}", times.ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_a_dead_endpoint_with_a_thousand_waiting_calls_hurts_no_other() {
    // A port that was free a moment ago, and where no server listens.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let world = World::with(|bot, bridge| {
        vec![
            config(bot, &bridge.url, "hanging", "silent"),
            config(bot, &refusing, "refusing", "hook"),
            config(bot, &bridge.url, "healthy", "script"),
        ]
    })
    .await;
    let (times, _guard) = listen(&world);
    let visitor = world.paused_visitor("healthy").await;
    for bot in ["hanging", "refusing"] {
        many_waiting(&world, bot, 500).await;
    }
    let mut took = Vec::new();
    for n in 0..40 {
        visitor.say(&format!("word {n}")).await;
        let ended = || times.lock().unwrap().ended.remove(&visitor.conversation);
        let (time, reply) = wait_for(async || ended()).await;
        assert!(matches!(reply, Reply::Paused { .. }), "{reply:?}");
        took.push(time);
    }
    took.sort_unstable();
    let p95 = took[took.len() * 95 / 100];
    assert!(p95 < Duration::from_millis(500), "{took:?}");
    let waiting = world.store.ledger::<Conversation>("hanging");
    let one = waiting.load("cnv_hanging499").await.unwrap().unwrap();
    assert!(one.owes(), "the dead endpoint was done with before it could hurt");
    assert_eq!(world.bot.asked(&visitor.conversation), Vec::<String>::new());
}
