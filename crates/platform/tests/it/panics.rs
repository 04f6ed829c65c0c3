//! C7: a panic in a bot, or while a call is written, is a failed call: the conversation goes on,
//! and others do not notice.

use std::sync::atomic::Ordering;

use machine::conversation::{Event, Reply};
use serde_json::json;

use crate::world::{World, control, says};

const FAILED: &str = "notice: Sorry, that could not be answered. Please try again.";

#[tokio::test]
async fn a_bot_that_panics_has_failed_and_the_conversation_goes_on() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let mut other = world.visitor().await;
    for text in ["panic", "panic at once", "hello"] {
        visitor.say(text).await;
        other.say("hi").await;
    }
    visitor.until(says("echo: hello")).await;
    let story = visitor.story().await;
    let answers: Vec<_> = story.iter().filter(|line| !line.starts_with("visitor")).collect();
    assert_eq!(answers, [FAILED, FAILED, "bot: echo: hello"]);
    other.at_rest().await;
    let story = other.story().await;
    assert_eq!(story.iter().filter(|line| *line == "bot: echo: hi").count(), 3);
}

/// What a webhook call is written from includes the bot, which is foreign code.
#[tokio::test]
async fn a_call_that_cannot_be_written_has_failed_and_the_conversation_goes_on() {
    let world = World::new().await;
    let mut visitor = world.paused_visitor("support").await;
    world.bot.breaks_paths.store(true, Ordering::SeqCst);
    visitor.say("help").await;
    let settled = visitor.until_noted(|event| matches!(event, Event::CallSettled { .. })).await;
    let Event::CallSettled { reply, forwarded: true, .. } = settled.event else {
        panic!("not forwarded: {settled:?}");
    };
    assert_eq!(reply, Reply::Failed { why: "the call panicked".to_owned() });
    // It went to the bot, and that query could not be written either.
    visitor.until(|event| event["kind"] == "bot_failed").await;
    world.bot.breaks_paths.store(false, Ordering::SeqCst);
    visitor.say("still there?").await;
    visitor.at_rest().await;
    assert_eq!(world.bridge.calls_of(&visitor.user)[0].text(), "still there?");
    let resume = json!({ "eventType": "channel_update", "paused": false });
    assert_eq!(world.push(&visitor, resume).await.0, 200);
    visitor.until(control("bot")).await;
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
}
