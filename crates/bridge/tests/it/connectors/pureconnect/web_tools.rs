//! What only Interaction Web Tools have: new participants, and a queue that can be asked.

use simulators::pureconnect::Replay;

use super::*;

#[tokio::test]
async fn a_reconnect_that_repeats_nothing_is_admitted() {
    let site = Site::new("web-tools", |options, _| options.replay = Replay::States).await;
    let chat = site.accepted().await;
    site.act(&chat, say("same"));
    site.visitor_reads(&["same"]).await;
    site.backup_server.switch_over();
    site.world.step_two("u1", "hello").await;
    site.agent_reads(&["hello"]).await;
    site.act(&chat, say("same"));
    site.visitor_reads(&["same", LOSS, "same"]).await;
    let site = site.restart().await;
    site.world.step_two("u1", "and now").await;
    site.agent_reads(&["hello", "and now"]).await;
    site.act(&chat, say("good"));
    // What it once did not repeat, it is not asked for again: the numbers go on.
    site.visitor_reads(&["same", LOSS, "same", "good"]).await;
}

#[tokio::test]
async fn nobody_waits_for_a_queue_without_agents() {
    let site = Site::new("web-tools", |options, settings| {
        options.agents_available = 0;
        settings["ask_queue"] = json!(true);
    });
    let site = site.await;
    assert_eq!(site.world.step_one("u1").await["paused"], false);
    assert!(site.primary.chats().is_empty());

    let site = Site::new("web-tools", |_, settings| settings["ask_queue"] = json!(true)).await;
    site.accepted().await;
}
