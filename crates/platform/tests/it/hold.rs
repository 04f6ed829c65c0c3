//! The bridge stays away: words are kept for it, or the bot answers and the bridge is told later.

use machine::conversation::{Event, NoticeKind, Reply, WhenAway};
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

/// S2: a call that broke, or whose answer nobody can read, may have been taken. It is made again
/// under its id, so a bridge that drops repeats has the words once, and the bot says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_have_been_taken_is_kept_under_its_id() {
    for turn in [Turn::Status(500), Turn::Break, Turn::Page] {
        let bridge = Blinking::start(vec![turn].leak()).await;
        let world = holding(&bridge).await;
        let visitor = world.paused_visitor("support").await;
        visitor.say("one").await;
        held(&visitor, 1).await;
        world.clock.advance(2_000);
        calls(&bridge, 2).await;
        visitor.at_rest().await;
        let calls = bridge.calls();
        // The time of day is in the body, so only the words are the same.
        assert_eq!(calls[0].0, calls[1].0, "{turn:?}");
        assert!(calls.iter().all(|(_, body)| body.contains("\"text\":\"one\"")), "{calls:?}");
        assert!(world.bot.asked(&visitor.conversation).is_empty(), "{turn:?}");
    }
}

/// What the bridge refuses for good it would refuse again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_final_answer_keeps_nothing() {
    for turn in [Turn::Status(401), Turn::Status(404), Turn::Status(307)] {
        let bridge = Blinking::start(vec![turn].leak()).await;
        let world = holding(&bridge).await;
        let mut visitor = world.paused_visitor("support").await;
        visitor.say("one").await;
        visitor.until(says("echo: one")).await;
        assert_eq!(bridge.calls().len(), 1, "{turn:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_shortens_no_wait_that_the_bridge_asked_for() {
    let bridge = Blinking::start(&[Turn::Long(503)]).await;
    let world = holding(&bridge).await;
    let visitor = world.paused_visitor("support").await;
    visitor.say("one").await;
    held(&visitor, 1).await;
    let push = json!({ "eventType": "message", "text": "Jane here", "paused": true });
    assert_eq!(world.push(&visitor, push).await.0, 200);
    visitor.at_rest().await;
    assert_eq!(visitor.state().await.waiting(), 1, "it is still kept");
    assert_eq!(bridge.calls().len(), 1);
    world.clock.advance(60_000);
    calls(&bridge, 2).await;
}

/// Its bot is missing, so nobody can deliver what is kept. It does not wait unseen: the journal
/// says why, the pause ends in time, and the bot answers when it is there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_words_of_a_missing_bot_are_settled() {
    let bridge = Blinking::start(&[Turn::Status(500)]).await;
    let mut configured = Vec::new();
    let world = World::with(|bot, _| {
        let mut config = config(bot, &bridge.url, "support", "script");
        config.policy.when_away = WhenAway::Hold;
        configured = vec![config];
        configured.clone()
    })
    .await;
    let mut visitor = world.paused_visitor("support").await;
    visitor.say("one").await;
    held(&visitor, 1).await;
    let world = world.restart_with(Vec::new()).await;
    visitor.ledger = world.store.ledger("support");
    world.clock.advance(2_000);
    let settled = visitor.until_noted(|event| matches!(event, Event::CallSettled { .. })).await;
    let Event::CallSettled { reply, forwarded, .. } = settled.event else { unreachable!() };
    assert_eq!(reply, Reply::Failed { why: "the bot is not configured".to_owned() });
    assert!(forwarded && bridge.calls().len() == 1);
    world.clock.advance(7 * MINUTE);
    wait_for(async || visitor.state().await.paused_until().is_none().then_some(())).await;

    let world = world.restart_with(configured).await;
    visitor.base.clone_from(&world.base);
    visitor.ledger = world.store.ledger("support");
    visitor.until(says("echo: one")).await;
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
        let (first, _) = &bridge.calls()[0];
        let second: Value = serde_json::from_str(&bridge.calls()[1].1).unwrap();
        let ids = second["missedMessages"].as_array().map(|items| &items[0]["callId"]);
        assert_eq!(ids, (!strict).then_some(&json!(first)), "so that a repeat is known");
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
