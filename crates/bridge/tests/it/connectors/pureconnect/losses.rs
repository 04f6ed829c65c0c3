//! What the vendor's APIs cannot give back: words of an agent in an answer that was lost. The
//! visitor is told, once and at the right place, and everything else goes on.

use simulators::pureconnect::Replay;

use super::*;

/// A server that tells everything once, and has no backup that is asked when it is silent.
async fn tells_once(api: &str) -> Site {
    alone(api, Replay::States).await
}

/// The same, but that Web Tools take up anew what goes on; an ended chat does not.
async fn takes_up(api: &str) -> Site {
    alone(api, Replay::Everything).await
}

async fn alone(api: &str, replay: Replay) -> Site {
    let change: Change = match replay {
        Replay::States => |options, settings| {
            options.replay = Replay::States;
            change_both(options, settings);
        },
        Replay::Everything => change_both,
    };
    Site::new(api, change).await
}

fn change_both(options: &mut Options, settings: &mut Value) {
    options.web_chat = 5;
    settings["web_chat"] = json!(5);
    settings.as_object_mut().unwrap().remove("backup");
}

/// In the paths of polls.
fn poll(api: &str) -> &'static str {
    if api == "icws" { "/messages/" } else { "/poll/" }
}

on_both! {
    lost_words_are_admitted_before_the_next_ones
    what_a_process_heard_and_never_stored_is_admitted_by_the_next
    lost_last_words_are_admitted_at_the_end
    last_words_a_process_took_with_it_are_admitted_by_the_next
    a_lost_answer_that_told_nothing_is_not_spoken_of
}

/// A chat whose visitor has read these, with a server that tells everything once. That Web Tools
/// repeat nothing shows the first time they are asked to.
async fn begun(site: &Site, api: &str) -> (Chat, Vec<&'static str>) {
    let chat = site.accepted().await;
    site.act(&chat, say("hello"));
    let mut expected = vec!["hello"];
    site.visitor_reads(&expected).await;
    if api == "web-tools" {
        site.lose(poll(api)).await;
        site.heal().await;
        expected.push(LOSS);
        site.visitor_reads(&expected).await;
    }
    (chat, expected)
}

async fn lost_words_are_admitted_before_the_next_ones(api: &str) {
    let site = tells_once(api).await;
    let (chat, mut expected) = begun(&site, api).await;
    for heard in ["one", "two"] {
        site.lose(poll(api)).await;
        site.act(&chat, say("never heard"));
        site.losses(2).await;
        site.heal().await;
        site.act(&chat, say(heard));
        expected.extend([LOSS, heard]);
        site.visitor_reads(&expected).await;
    }
    site.world.step_two("u1", "what?").await;
    site.agent_reads(&["what?"]).await;
    site.act(&chat, say("again"));
    expected.push("again");
    site.visitor_reads(&expected).await;
    site.act(&chat, Act::End);
    resumed(&site.world).await;
    assert_eq!(site.world.platform.texts(), expected);
}

async fn what_a_process_heard_and_never_stored_is_admitted_by_the_next(api: &str) {
    let site = tells_once(api).await;
    let (chat, mut expected) = begun(&site, api).await;
    site.lose(poll(api)).await;
    site.act(&chat, say("never heard"));
    site.losses(2).await;
    let site = site.restart().await;
    site.heal().await;
    site.act(&chat, say("heard"));
    expected.extend([LOSS, "heard"]);
    site.visitor_reads(&expected).await;
    let site = site.restart().await;
    site.act(&chat, say("good"));
    expected.push("good");
    site.visitor_reads(&expected).await;
}

async fn lost_last_words_are_admitted_at_the_end(api: &str) {
    let site = takes_up(api).await;
    let chat = site.accepted().await;
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
    site.lose(poll(api)).await;
    site.act(&chat, say("never heard"));
    site.act(&chat, Act::End);
    site.losses(2).await;
    site.heal().await;
    resumed(&site.world).await;
    assert_eq!(site.world.platform.texts(), ["hello", LOSS]);
}

async fn last_words_a_process_took_with_it_are_admitted_by_the_next(api: &str) {
    let site = takes_up(api).await;
    let chat = site.accepted().await;
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
    site.lose(poll(api)).await;
    site.act(&chat, say("never heard"));
    site.act(&chat, Act::End);
    site.losses(1).await;
    let site = site.restart().await;
    site.primary.faults().set(Plan::default());
    resumed(&site.world).await;
    assert_eq!(site.world.platform.texts(), ["hello", LOSS]);
}

async fn a_lost_answer_that_told_nothing_is_not_spoken_of(api: &str) {
    let site = takes_up(api).await;
    let chat = site.accepted().await;
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
    site.lose(poll(api)).await;
    site.losses(2).await;
    site.heal().await;
    site.act(&chat, say("and"));
    site.visitor_reads(&["hello", "and"]).await;
    site.act(&chat, Act::End);
    resumed(&site.world).await;
    assert_eq!(site.world.platform.texts(), ["hello", "and"]);
}

#[tokio::test]
async fn last_words_that_were_not_told_yet_are_no_loss() {
    let site = Site::usual("web-tools").await;
    let chat = site.accepted().await;
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
    let path = Some("/poll/".to_owned());
    site.primary.faults().set(Plan { cut: 1_000, path, ..Plan::default() });
    site.losses(1).await;
    site.act(&chat, say("bye"));
    site.act(&chat, Act::End);
    site.losses(3).await;
    site.heal().await;
    resumed(&site.world).await;
    assert_eq!(site.world.platform.texts(), ["hello", "bye"]);
}

#[tokio::test]
async fn what_is_repeated_is_fetched_where_a_number_stays_away() {
    let site = Site::new("web-tools", |options, _| {
        (options.late_per_mille, options.late_ms) = (1_000, 3_600_000);
    });
    let site = site.await;
    let chat = site.accepted().await;
    site.act(&chat, say("an hour late"));
    site.act(&chat, Act::Hold { on: true });
    site.visitor_reads(&["an hour late"]).await;
}

#[tokio::test]
async fn a_server_that_takes_nothing_up_while_all_is_well_is_no_obstacle() {
    let site = takes_up("web-tools").await;
    let chat = site.accepted().await;
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
    site.lose("/poll/").await;
    site.act(&chat, say("never heard"));
    site.losses(2).await;
    let path = Some("/reconnect".to_owned());
    site.primary.faults().set(Plan { status: Some(400), path, ..Plan::default() });
    site.losses(1).await;
    site.act(&chat, say("heard"));
    site.visitor_reads(&["hello", LOSS, "heard"]).await;
    site.world.step_two("u1", "still here").await;
    site.agent_reads(&["still here"]).await;
}

#[tokio::test]
async fn a_lost_reconnect_before_the_end_is_admitted() {
    let site = takes_up("web-tools").await;
    let chat = site.accepted().await;
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
    let path = Some("/poll/".to_owned());
    site.primary.faults().set(Plan { cut: 1_000, path, ..Plan::default() });
    site.losses(1).await;
    site.act(&chat, say("in order"));
    // The next poll is answered, and only then is the chat taken up anew.
    site.lose("/reconnect").await;
    site.visitor_reads(&["hello", "in order"]).await;
    site.act(&chat, say("never heard"));
    site.act(&chat, Act::End);
    site.heal().await;
    resumed(&site.world).await;
    assert_eq!(site.world.platform.texts(), ["hello", "in order", LOSS]);
}
