//! Every row of the reply matrix (contract, section 8), for both steps, with receivers that keep
//! to the rules and receivers that do not. The slow rows run side by side and take five seconds.

use std::{sync::Arc, time::Instant};

use futures::future::join_all;
use machine::conversation::{Event, Reply};

use crate::{
    bot::FakeBot,
    bridge::FakeBridge,
    world::{MINUTE, START, Visitor, World, config, control, says},
};

/// What becomes of the pause, in milliseconds from now; `None`: control is with the bot.
type Pause = Option<i64>;
/// The reply, then: the pause after step one; whether step two is forwarded; the pause after it,
/// when it was seven minutes before.
type Row = (&'static str, Pause, bool, Pause);

const SEVEN: Pause = Some(7 * MINUTE);

const ROWS: [Row; 20] = [
    ("five_minutes", Some(5 * MINUTE), false, Some(5 * MINUTE)),
    ("ten_minutes", Some(10 * MINUTE), false, Some(10 * MINUTE)),
    ("numeric_text", Some(MINUTE * 3 / 2), false, Some(MINUTE * 3 / 2)),
    ("no_number", Some(10 * MINUTE), false, Some(10 * MINUTE)),
    ("no_minutes", None, false, None),
    ("refused", None, true, None),
    ("ended", None, true, None),
    ("silent", None, true, SEVEN),
    ("drip", None, true, SEVEN),
    ("endless", None, true, SEVEN),
    ("redirect", None, true, SEVEN),
    ("empty_object", None, true, SEVEN),
    ("array", None, true, SEVEN),
    ("text", None, true, SEVEN),
    ("html", None, true, SEVEN),
    ("paused_text", None, true, SEVEN),
    ("status_500", None, true, SEVEN),
    ("status_404", None, true, SEVEN),
    ("nobody_listens", None, true, SEVEN),
    ("blocked", None, true, SEVEN),
];

async fn world_of_rows() -> World {
    // A port that was free a moment ago, and where no server listens.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    World::with(move |bot: &Arc<FakeBot>, bridge: &FakeBridge| {
        let of_row = |(path, ..): &Row| match *path {
            "nobody_listens" => config(bot, &closed, path, "script"),
            "blocked" => {
                let mut config = config(bot, &bridge.url, path, "trap");
                let url = bridge.url.replace("127.0.0.1", "localhost");
                let guarded = edge::egress::Target::parse(&format!("{url}/trap"), false);
                config.webhook.as_mut().unwrap().target = guarded.unwrap();
                config
            }
            path => config(bot, &bridge.url, path, path),
        };
        ROWS.iter().map(of_row).collect()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reply_to_step_one_pauses_or_does_not() {
    let world = world_of_rows().await;
    let began = Instant::now();
    join_all(ROWS.iter().map(|row| step_one(&world, row))).await;
    let took_ms = began.elapsed().as_millis();
    // How long each call may take, `b2_…` measures; this is with visitors and bots around it.
    assert!((4_900..6_500).contains(&took_ms), "{took_ms} ms");
    assert_eq!(world.bridge.calls_under("trap"), 0, "a redirect or a block was not heeded");
}

async fn step_one(world: &World, (bot, pause, ..): &Row) {
    let mut visitor = world.visitor_of(bot).await;
    visitor.say("handover").await;
    // The bot's answer is shown without waiting for the webhook.
    visitor.until(says("human handover text")).await;
    visitor.until(control("requested")).await;
    let who = if pause.is_some() { "human" } else { "bot" };
    let changed = visitor.until(control(who)).await;
    let until = pause.map(|length| edge::time::rfc3339(START + length));
    assert_eq!(changed["pausedUntil"].as_str(), until.as_deref(), "{bot}");
    assert_eq!(visitor.state().await.paused_until(), pause.map(|length| START + length), "{bot}");
    assert!(!visitor.story().await.iter().any(|line| line.starts_with("notice")), "{bot}");
    visitor.at_rest().await;
    assert_eq!(world.bot.asked(&visitor.conversation), ["handover"], "{bot}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reply_to_step_two_keeps_or_forwards_the_message() {
    let world = world_of_rows().await;
    join_all(ROWS.iter().map(|row| step_two(&world, row))).await;
    assert_eq!(world.bridge.calls_under("trap"), 0, "a redirect or a block was not heeded");
}

async fn step_two(world: &World, (bot, _, forwarded, pause): &Row) {
    let mut visitor = world.paused_visitor(bot).await;
    visitor.say("hello").await;
    let settled = visitor.until_noted(|event| matches!(event, Event::CallSettled { .. })).await;
    let Event::CallSettled { forwarded: was_forwarded, reply, .. } = settled.event else {
        unreachable!()
    };
    assert_eq!(was_forwarded, *forwarded, "{bot}: {reply:?}");
    let is_late = matches!(reply, Reply::Late);
    assert_eq!(is_late, matches!(*bot, "silent" | "drip"), "{bot}: {reply:?}");
    if *forwarded {
        visitor.until(says("echo: hello")).await;
    }
    visitor.at_rest().await;
    assert_eq!(visitor.state().await.paused_until(), pause.map(|length| START + length), "{bot}");
    let asked: &[&str] = if *forwarded { &["hello"] } else { &[] };
    assert_eq!(world.bot.asked(&visitor.conversation), asked, "{bot}");
    if pause.is_none() {
        left_once(&mut visitor).await;
    }
}

/// When a pause ends, the visitor is told so once, and before the bot speaks again.
async fn left_once(visitor: &mut Visitor) {
    let story = visitor.story().await;
    let left = "notice: Jane Doe has left the conversation. You are now chatting with the bot.";
    let told: Vec<_> = story.iter().enumerate().filter(|(_, line)| *line == left).collect();
    assert_eq!(told.len(), 1, "{story:#?}");
    let answer = story.iter().position(|line| line.starts_with("bot:"));
    assert!(answer.is_none_or(|answer| answer > told[0].0), "{story:#?}");
}
