//! What a process that dies leaves behind, the next one takes up.

use std::sync::Arc;

use edge::Clock;
use machine::conversation::{Conversation, Event, Input, Said};
use serde_json::json;
use store::Store;
use tempfile::TempDir;

use crate::{
    bot::FakeBot,
    bridge::FakeBridge,
    world::{MINUTE, PATIENCE, START, World, config, control, says, wait_for},
};

#[tokio::test]
async fn a_pause_ends_after_a_restart_too() {
    let world = World::new().await;
    let visitor = world.paused_visitor("support").await;
    let (user, conversation, token) =
        (visitor.user.clone(), visitor.conversation.clone(), visitor.token.clone());
    drop(visitor);
    let world = world.restart().await;
    let mut visitor = world.visitor().await;
    (visitor.user, visitor.conversation, visitor.token) = (user, conversation, token);
    assert_eq!(visitor.state().await.paused_until(), Some(START + 7 * MINUTE));
    world.clock.advance(7 * MINUTE);
    visitor.until(control("bot")).await;
    // The token is known, the history is there, and the bot answers.
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
}

#[test]
fn a_call_cut_off_by_a_crash_is_made_again_under_the_same_id() {
    let outside =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let dir = Arc::new(TempDir::new().unwrap());
    let (bot, bridge) = outside.block_on(async { (FakeBot::new(), FakeBridge::start().await) });
    let bots = vec![config(&bot, &bridge.url, "support", "held")];
    let clock = Clock::manual(START);

    let doomed = tokio::runtime::Runtime::new().unwrap();
    let (user, token) = doomed.block_on(async {
        let world =
            World::open(bot.clone(), bridge.clone(), bots.clone(), dir.clone(), clock.clone());
        let world = world.await;
        let visitor = world.paused_visitor("support").await;
        visitor.say("are you there?").await;
        // Sent, and not answered.
        wait_for(async || (bridge.calls_under("held") == 1).then_some(())).await;
        (visitor.user.clone(), visitor.token.clone())
    });
    doomed.shutdown_timeout(PATIENCE);

    outside.block_on(async {
        let world = World::open(bot, bridge, bots, dir, clock).await;
        wait_for(async || (world.bridge.calls_under("held") == 2).then_some(())).await;
        world.bridge.seen.gate.add_permits(2);
        let mut visitor = world.visitor().await;
        (visitor.conversation, visitor.token) = (user.replace("usr_", "cnv_"), token);
        visitor.at_rest().await;
        let calls = world.bridge.calls_of(&user);
        assert_eq!(calls[0].id(), calls[1].id());
        assert_eq!(calls[0].body, calls[1].body);
        let settled = |event: &Event| matches!(event, Event::CallSettled { .. });
        let journal = visitor.journal().await;
        assert_eq!(journal.iter().filter(|recorded| settled(&recorded.event)).count(), 1);
        visitor.until(says("are you there?")).await;
    });
}

#[tokio::test]
async fn what_was_committed_but_not_begun_is_begun() {
    let dir = Arc::new(TempDir::new().unwrap());
    let (bot, bridge) = (FakeBot::new(), FakeBridge::start().await);
    let bots = vec![config(&bot, &bridge.url, "support", "script")];
    let url = format!("sqlite:{}", dir.path().join("baton.db").display());
    let store = Store::open(&url).await.unwrap();
    let ledger = store.ledger::<Conversation>("support");
    for n in 0..300 {
        let id = format!("cnv_{n:026}");
        ledger.create(&id, &Conversation::new()).await.unwrap();
        let said = Said::text(format!("hello {n}"));
        let input = Input::VisitorSaid { client_id: "c".to_owned(), said };
        ledger.step(&id, &bots[0].policy, START, None, input).await.unwrap();
    }
    drop(ledger);
    store.close().await;
    let world = World::open(bot, bridge, bots, dir, Clock::manual(START)).await;
    wait_for(async || {
        (world.store.owing::<Conversation>("", 1).await.unwrap().is_empty()).then_some(())
    })
    .await;
    assert_eq!(world.bot.queries.lock().unwrap().len(), 300);
}

#[tokio::test]
async fn an_answer_under_way_is_kept_when_the_process_ends_in_good_order() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    visitor.say("slow one").await;
    visitor.say("two").await;
    wait_for(async || (!world.bot.asked(&visitor.conversation).is_empty()).then_some(())).await;
    let bot = Arc::clone(&world.bot);
    let (conversation, token) = (visitor.conversation.clone(), visitor.token.clone());
    drop(visitor);
    world.shut_down();
    bot.gate.add_permits(1);
    let world = world.restart().await;
    let mut visitor = world.visitor().await;
    (visitor.conversation, visitor.token) = (conversation, token);
    visitor.until(says("echo: two")).await;
    assert_eq!(bot.asked(&visitor.conversation), ["slow one", "two"]);
    let story = visitor.story().await;
    assert_eq!(&story[2..], ["bot: echo: slow one", "bot: echo: two"]);
    // Nobody is paused, so a push without a word on it answers so.
    let typing = json!({ "eventType": "user_typing" });
    let (conversation, user) = (visitor.conversation.clone(), visitor.conversation.clone());
    visitor.user = user.replace("cnv_", "usr_");
    assert_eq!(world.push(&visitor, typing).await.1["paused"], false, "{conversation}");
}
