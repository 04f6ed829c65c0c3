//! The bridge stays away: words are kept for it, or the bot answers and the bridge is told later.

use machine::conversation::{Event, NoticeKind, WhenAway};
use serde_json::{Value, json};

use crate::{
    attempts::{Blinking, Turn},
    world::{MINUTE, Visitor, World, config, control, says, wait_for},
};

/// A platform whose bot keeps words for `bridge`.
async fn holding(bridge: &Blinking) -> World {
    World::with(|bot, _| {
        let mut config = config(bot, &bridge.url, "support", "script");
        config.policy.when_away = WhenAway::Hold;
        vec![config]
    })
    .await
}

/// The text of each call so far.
fn texts(bridge: &Blinking) -> Vec<String> {
    let text = |(_, body): &(String, String)| {
        let body: Value = serde_json::from_str(body).unwrap();
        body["queryInput"]["text"]["text"].as_str().unwrap().to_owned()
    };
    bridge.calls().iter().map(text).collect()
}

async fn held(visitor: &Visitor, times: u32) {
    let held =
        |event: &Event| matches!(event, Event::CallHeld { attempts, .. } if *attempts == times);
    visitor.until_noted(held).await;
}

async fn calls(bridge: &Blinking, count: usize) {
    wait_for(async || (bridge.calls().len() == count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_words_arrive_in_order_under_their_ids() {
    let bridge = Blinking::start(&[Turn::Status(500), Turn::Status(500)]).await;
    let world = holding(&bridge).await;
    let mut visitor = world.paused_visitor("support").await;
    visitor.say("one").await;
    held(&visitor, 1).await;
    visitor.say("two").await;
    world.clock.advance(2_000);
    held(&visitor, 2).await;
    // The process ends, and what it kept is still there.
    let (conversation, token) = (visitor.conversation.clone(), visitor.token.clone());
    drop(visitor);
    let world = world.restart().await;
    visitor = world.visitor().await;
    (visitor.conversation, visitor.token) = (conversation, token);
    world.clock.advance(3_000);
    calls(&bridge, 4).await;
    wait_for(async || (visitor.state().await.waiting() == 0).then_some(())).await;
    assert_eq!(texts(&bridge), ["one", "one", "one", "two"]);
    let ids: Vec<_> = bridge.calls().into_iter().map(|(id, _)| id).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    assert!(world.bot.asked(&visitor.conversation).is_empty());
    let journal = visitor.journal().await;
    let told = journal
        .iter()
        .filter(|recorded| matches!(recorded.event, Event::Noticed { kind: NoticeKind::Kept, .. }));
    assert_eq!(told.count(), 1, "the visitor is told once");
    let notice = visitor.until(|event| event["kind"] == "kept").await;
    assert_eq!(notice["type"], "notice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_brings_kept_words_at_once() {
    let bridge = Blinking::start(&[Turn::Status(500)]).await;
    let world = holding(&bridge).await;
    let visitor = world.paused_visitor("support").await;
    visitor.say("one").await;
    held(&visitor, 1).await;
    let push = json!({ "eventType": "message", "text": "Jane here", "paused": true });
    assert_eq!(world.push(&visitor, push).await.0, 200);
    calls(&bridge, 2).await;
    visitor.at_rest().await;
    assert!(world.bot.asked(&visitor.conversation).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_answers_kept_words_when_the_pause_is_over() {
    let bridge = Blinking::start(&[Turn::Status(500); 64]).await;
    let world = holding(&bridge).await;
    let mut visitor = world.paused_visitor("support").await;
    visitor.say("one").await;
    held(&visitor, 1).await;
    visitor.say("two").await;
    assert!(world.bot.asked(&visitor.conversation).is_empty());
    world.clock.advance(7 * MINUTE);
    visitor.until(control("bot")).await;
    visitor.until(says("echo: two")).await;
    assert_eq!(world.bot.asked(&visitor.conversation), ["one", "two"]);
}

/// The lines of `missedMessages` in the body of a call.
fn missed(body: &str) -> Vec<String> {
    let body: Value = serde_json::from_str(body).unwrap();
    let items = body["missedMessages"].as_array().cloned().unwrap_or_default();
    let lines = items.iter().filter_map(wire::history::line);
    lines.map(|line| format!("{:?}: {}", line.sender, line.text)).collect()
}

/// The next call that is taken tells what the bot was asked and said; a strict receiver gets only
/// what its revision has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bridge_is_told_what_it_missed_once() {
    for strict in [false, true] {
        let bridge = Blinking::start(&[Turn::Status(500)]).await;
        let world = World::with(|bot, _| {
            let mut config = config(bot, &bridge.url, "support", "script");
            config.webhook.as_mut().unwrap().strict = strict;
            vec![config]
        })
        .await;
        let mut visitor = world.paused_visitor("support").await;
        visitor.say("one").await;
        visitor.until(says("echo: one")).await;
        for text in ["two", "three"] {
            visitor.say(text).await;
            visitor.at_rest().await;
        }
        let missed: Vec<_> = bridge.calls().iter().map(|(_, body)| missed(body)).collect();
        let told = ["Customer: one", "Bot: echo: one"].map(str::to_owned).to_vec();
        let told = if strict { Vec::new() } else { told };
        assert_eq!(missed, [Vec::new(), told, Vec::new()], "strict: {strict}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bot_hears_after_the_pause_is_not_told() {
    let bridge = Blinking::start(&[Turn::Status(500)]).await;
    let world = World::with(|bot, _| vec![config(bot, &bridge.url, "support", "script")]).await;
    let mut visitor = world.paused_visitor("support").await;
    visitor.say("one").await;
    visitor.until(says("echo: one")).await;
    world.clock.advance(7 * MINUTE);
    visitor.until(control("bot")).await;
    visitor.say("between the bot and me").await;
    visitor.until(says("echo: between the bot and me")).await;
    visitor.say("handover").await;
    calls(&bridge, 2).await;
    let (_, step_one) = &bridge.calls()[1];
    assert_eq!(missed(step_one), ["Customer: one", "Bot: echo: one"]);
}
