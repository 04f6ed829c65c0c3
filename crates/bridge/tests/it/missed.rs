//! What the platform tells afterwards: nothing is told twice, nothing is left out. And the time
//! that it leaves for an answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use machine::chat::Event;
use serde_json::{Value, json};

use crate::{
    scripted::Scripted,
    world::{TOKEN, World, step_one, step_two},
};

/// An item of `missedMessages` or `messageHistory`, said so many seconds after ten.
fn item(second: u32, id: &str, payload: impl Into<Value>) -> Value {
    let payload = payload.into();
    json!({ "_id": id, "payload": payload, "createdAt": format!("2026-11-22T10:00:{second:02}Z") })
}

fn missed_item(second: u32, call: &str, text: &str) -> Value {
    let mut item = item(second, &format!("{call}.0"), json!({ "query": text }));
    item["callId"] = json!(call);
    item
}

/// All words in a chat, in order: `one`, `(missed)`.
async fn words(world: &World, chat: &str) -> Vec<String> {
    let journal = world.journal(chat).await;
    let said = journal.into_iter().filter_map(|event| match event {
        Event::VisitorSaid { text, missed, .. } => Some((text, missed)),
        _ => None,
    });
    said.flat_map(|(text, missed)| {
        let missed = missed.into_iter().map(|line| format!("({})", line.text));
        missed.chain([text]).collect::<Vec<_>>()
    })
    .collect()
}

/// A call that was answered too late was taken, and its platform tells of it with the next one: the
/// agent reads it once, whichever comes first.
#[tokio::test]
async fn words_of_a_late_call_are_told_once() {
    let world = World::start().await;
    let (jane, chat) = world.live_chat("u1").await;
    let call = async |id: &str, text: &str, missed: &[Value]| {
        let mut body = step_two("u1", text);
        if !missed.is_empty() {
            body["missedMessages"] = missed.into();
        }
        let headers = [("authorization", TOKEN), ("idempotency-key", id)];
        let (status, answer) = world.call(&headers, &body).await;
        assert_eq!((status, &answer["paused"]), (200, &json!(true)));
    };
    let (one, two) = (missed_item(1, "cnv/1", "one"), missed_item(3, "cnv/3", "two"));
    let bot = item(2, "cnv/2.0", json!({ "queryResult": { "fulfillmentText": "Hm?" } }));
    call("cnv/1", "one", &[]).await;
    call("cnv/3", "two", std::slice::from_ref(&one)).await;
    call("cnv/4", "three", &[one.clone(), bot.clone(), two.clone()]).await;
    assert_eq!(words(&world, &chat).await, ["one", "two", "(Hm?)", "three"]);

    // The other way round: what was told of comes late.
    let five = missed_item(5, "cnv/5", "four");
    call("cnv/6", "five", &[five]).await;
    call("cnv/5", "four", &[]).await;
    call("cnv/7", "six", &[]).await;
    // One id on different messages makes nobody drop anything.
    call("cnv/7", "seven", &[]).await;
    let all = words(&world, &chat).await;
    assert_eq!(all[4..], ["(four)", "five", "six", "seven"]);
    drop(jane);
}

/// A history begins with the bot's session, what was missed may be older.
#[tokio::test]
async fn what_was_missed_is_told_beside_a_history() {
    let world = World::start().await;
    let bot = |text: &str| json!({ "queryResult": { "fulfillmentText": text } });
    let jane = world.sign_in("jane").await;
    let mut body = step_one("u1");
    body["missedMessages"] = json!([
        missed_item(1, "cnv/1", "old"),
        item(2, "cnv/2.0", bot("old answer")),
        missed_item(3, "cnv/3", "both"),
        item(4, "cnv/4.0", bot("both answer")),
    ]);
    body["messageHistory"] = json!([
        item(3, "cnv/3.0", json!({ "query": "both" })),
        item(4, "cnv/4.1", bot("both answer")),
        item(5, "cnv/5.0", json!({ "query": "handover" })),
    ]);
    let (status, answer) = world.call(&[("authorization", TOKEN)], &body).await;
    assert_eq!((status, &answer["paused"]), (200, &json!(true)));
    let id = jane.open_chat_of("u1").await;
    let journal = world.journal(&id).await;
    let Some(Event::Opened { opening, .. }) = journal.first() else { panic!("{journal:?}") };
    let lines: Vec<_> = opening.transcript.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["old", "old answer", "both", "both answer", "handover"]);
}

/// An attempt that is made late in the five seconds meets a tool that does not answer: the platform
/// hears in time, and hears again by a push, should it have been too late.
#[tokio::test]
async fn the_time_that_is_left_is_kept() {
    let tool = Scripted { hangs: true, ..Scripted::default() };
    let world = World::with_connector(Arc::new(tool)).await;
    let began = Instant::now();
    let headers = [("authorization", TOKEN), ("x-baton-time-left-ms", "1300")];
    let (status, answer) = world.call(&headers, &step_one("u1")).await;
    let took = began.elapsed();
    assert_eq!((status, &answer["paused"]), (200, &json!(true)));
    assert!(took < Duration::from_millis(1_300), "{took:?}");
    // No time at all: the answer cannot be in time, so it is confirmed.
    let headers = [("authorization", TOKEN), ("x-baton-time-left-ms", "100")];
    assert_eq!(world.call(&headers, &step_two("u1", "hello")).await.1["paused"], true);
    let pushed = world.platform.wait(|attempts| attempts.len() == 1).await;
    assert_eq!(pushed[0].body["eventType"], "channel_update");
    assert_eq!(pushed[0].body["paused"], true);
}

#[tokio::test]
async fn what_the_bot_was_asked_meanwhile_is_told_once() {
    let world = World::start().await;
    let (jane, chat) = world.live_chat("u1").await;
    let item = |payload: Value| item(0, "", payload);
    let mut body = step_two("u1", "are you back?");
    body["missedMessages"] = json!([
        item(json!({ "query": "anybody?" })),
        item(json!({ "queryResult": { "fulfillmentText": "I am the bot." } })),
        item(json!({ "nothing": "to show" })),
    ]);
    for _ in 0..2 {
        let headers = [("authorization", TOKEN), ("idempotency-key", "cnv_1/9")];
        let (status, answer) = world.call(&headers, &body).await;
        assert_eq!((status, &answer["paused"]), (200, &json!(true)));
    }
    let told: Vec<_> = world.journal(&chat).await;
    let missed: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            Event::VisitorSaid { text, missed, .. } if text == "are you back?" => Some(missed),
            _ => None,
        })
        .collect();
    assert_eq!(missed.len(), 1);
    let texts: Vec<_> = missed[0].iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["anybody?", "I am the bot."]);
    drop(jane);
}
