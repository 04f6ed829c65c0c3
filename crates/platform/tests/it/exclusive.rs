//! Bot and human never speak at the same time, and a pause ends when its clock says so.

use machine::conversation::Event;
use serde_json::json;

use crate::world::{MINUTE, World, control, says, wait_for};

#[tokio::test]
async fn an_answer_that_comes_after_a_takeover_is_kept_back() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    visitor.say("slow question").await;
    wait_for(async || (!world.bot.asked(&visitor.conversation).is_empty()).then_some(())).await;
    let jane = json!({ "eventType": "message", "text": "Jane here", "paused": true });
    assert_eq!(world.push(&visitor, jane).await.0, 200);
    // The human gets the question the bot did not answer in time.
    wait_for(async || (world.bridge.calls_of(&visitor.user).len() == 1).then_some(())).await;
    world.bot.gate.add_permits(1);
    let kept = visitor.until_noted(|event| matches!(event, Event::BotSuppressed { .. })).await;
    let Event::BotSuppressed { messages, .. } = kept.event else { unreachable!() };
    assert_eq!(messages[0].text, "echo: slow question");
    visitor.at_rest().await;
    let story = visitor.story().await;
    assert!(!story.iter().any(|line| line.starts_with("bot:")), "{story:#?}");
    assert_eq!(world.bridge.calls_of(&visitor.user)[0].text(), "slow question");
}

#[tokio::test]
async fn a_pause_ends_on_time_with_nobody_there() {
    let world = World::new().await;
    let mut visitor = world.paused_visitor("support").await;
    world.clock.advance(7 * MINUTE - 1);
    visitor.say("still there?").await;
    visitor.at_rest().await;
    // The reply renewed it by ten minutes.
    world.clock.advance(10 * MINUTE - 1);
    assert!(visitor.state().await.paused_until().is_some());
    world.clock.advance(1);
    let ended = visitor.until(control("bot")).await;
    assert_eq!(ended["reason"], "expired");
    assert_eq!(ended["pausedUntil"], serde_json::Value::Null);
    visitor
        .until(says("Jane Doe has left the conversation. You are now chatting with the bot."))
        .await;
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
    assert_eq!(world.bridge.calls_of(&visitor.user).len(), 1);
}

#[tokio::test]
async fn an_earlier_end_is_heard_although_a_later_one_was_waited_for() {
    let world = World::new().await;
    let mut late = world.paused_visitor("support").await;
    let mut early = world.visitor().await;
    let short = json!({ "eventType": "channel_update", "paused": true, "minutesPaused": 1 });
    world.push(&early, short).await;
    world.clock.advance(MINUTE);
    early.until(control("bot")).await;
    assert!(late.story().await.iter().all(|line| !line.starts_with("control: bot")));
    world.clock.advance(6 * MINUTE);
    late.until(control("bot")).await;
}

#[tokio::test]
async fn a_message_right_after_the_end_counts_as_after_it_and_gets_its_own_number() {
    let world = World::new().await;
    let mut visitor = world.paused_visitor("support").await;
    world.clock.advance(7 * MINUTE);
    // The timer or the message may be first. The pause ends before the message in both cases.
    let message = json!({ "clientId": "c1", "text": "hello" });
    let (status, accepted) = visitor.post(message.clone()).await;
    assert_eq!(status, 202);
    let said = visitor.until(says("hello")).await;
    assert_eq!(said["seq"], accepted["seq"]);
    assert_eq!(visitor.post(message).await, (202, accepted.clone()));
    let ended = visitor.until(control("bot")).await;
    assert!(ended["seq"].as_u64() < accepted["seq"].as_u64());
    visitor.until(says("echo: hello")).await;
}
