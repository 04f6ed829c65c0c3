//! Restarts, switch-overs, lost answers, and events that come late, twice or never.

use super::*;

on_both! {
    a_restart_in_the_middle_loses_and_repeats_nothing
    what_was_told_to_a_process_that_died_is_told_to_the_next
    a_switch_over_loses_and_repeats_nothing
    a_switch_over_while_the_bridge_is_down
    the_backup_takes_what_begins_after_a_switch_over
    cuts_losses_and_delays_change_nothing
    events_that_come_late_or_twice_are_told_once_in_order
    a_server_that_is_away_is_waited_for
    the_visitor_leaves_after_a_switch_over
    whoever_was_dropped_by_the_server_is_back_with_the_bot
    gateway_failures_are_got_over
    last_words_are_heard_by_whoever_speaks_after_the_end
}

async fn a_restart_in_the_middle_loses_and_repeats_nothing(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    site.act(&chat, say("first"));
    site.visitor_reads(&["first"]).await;
    let say_path = if api == "icws" { "send-message" } else { "sendMessage" };
    let path = Some(say_path.to_owned());
    site.primary.faults().set(Plan { lose: 1_000, path, ..Plan::default() });
    site.world.step_two("u1", "before").await;
    site.agent_reads(&["before"]).await;
    let site = site.restart().await;
    site.primary.faults().set(Plan::default());
    site.act(&chat, say("second"));
    site.world.step_two("u1", "after").await;
    site.agent_reads(&["before", "after"]).await;
    site.visitor_reads(&["first", "second"]).await;
    site.act(&chat, Act::End);
    resumed(&site.world).await;
}

async fn what_was_told_to_a_process_that_died_is_told_to_the_next(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    site.act(&chat, say("stored"));
    site.visitor_reads(&["stored"]).await;
    let path = Some(if api == "icws" { "/messages/" } else { "/poll/" }.to_owned());
    site.primary.faults().set(Plan { lose: 1_000, path, ..Plan::default() });
    let calls = site.primary.faults().calls();
    site.act(&chat, say("told"));
    let polled = || site.primary.faults().calls() > calls;
    meanwhile(&site.world, async || polled().then_some(())).await;
    let site = site.restart().await;
    site.primary.faults().set(Plan::default());
    site.visitor_reads(&["stored", "told"]).await;
}

async fn a_switch_over_loses_and_repeats_nothing(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    site.act(&chat, say("before"));
    site.visitor_reads(&["before"]).await;
    site.world.step_two("u1", "first").await;
    site.agent_reads(&["first"]).await;
    site.backup_server.switch_over();
    site.act(&chat, say("meanwhile"));
    site.world.step_two("u1", "second").await;
    site.agent_reads(&["first", "second"]).await;
    site.act(&chat, say("after"));
    site.visitor_reads(&["before", "meanwhile", "after"]).await;
    let calls = site.primary.faults().calls();
    site.world.step_two("u1", "third").await;
    site.agent_reads(&["first", "second", "third"]).await;
    assert_eq!(site.primary.faults().calls(), calls, "it stays at the backup");
    site.act(&chat, Act::End);
    resumed(&site.world).await;
}

async fn a_switch_over_while_the_bridge_is_down(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    site.act(&chat, say("before"));
    site.visitor_reads(&["before"]).await;
    site.backup_server.switch_over();
    let site = site.restart().await;
    site.act(&chat, say("after"));
    site.visitor_reads(&["before", "after"]).await;
    site.world.step_two("u1", "still here").await;
    site.agent_reads(&["still here"]).await;
}

async fn the_backup_takes_what_begins_after_a_switch_over(api: &str) {
    let site = Site::usual(api).await;
    site.backup_server.switch_over();
    let chat = accepted(&site.world, &site.backup, "u1").await;
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
}

async fn cuts_losses_and_delays_change_nothing(api: &str) {
    for seed in 1..=3 {
        let site = Site::usual(api).await;
        let (cut, lose, delay_ms_max) = (150, 150, 20);
        let plan = Plan { seed, cut, lose, delay_ms_max, ..Plan::default() };
        holds_under_faults(&site.world, &site.primary, plan).await;
    }
}

async fn events_that_come_late_or_twice_are_told_once_in_order(api: &str) {
    let site = Site::new(api, |options, _| {
        (options.late_per_mille, options.late_ms, options.repeat_per_mille) = (300, 50, 300);
    });
    let site = site.await;
    let chat = site.accepted().await;
    let texts: Vec<String> = (0..15).map(|n| format!("line {n}")).collect();
    for (n, text) in texts.iter().enumerate() {
        site.act(&chat, say(text));
        if n % 4 == 0 {
            site.world.step_two("u1", text).await;
        }
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    site.visitor_reads(&texts).await;
}

async fn a_server_that_is_away_is_waited_for(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    for simulator in [&site.primary, &site.backup] {
        simulator.faults().set(Plan { down: true, ..Plan::default() });
    }
    site.world.step_two("u1", "are you there?").await;
    site.act(&chat, say("yes"));
    site.world.hand.advance(30_000);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(site.world.platform.texts().is_empty());
    for simulator in [&site.primary, &site.backup] {
        simulator.faults().set(Plan::default());
    }
    site.agent_reads(&["are you there?"]).await;
    site.visitor_reads(&["yes"]).await;
}

async fn the_visitor_leaves_after_a_switch_over(api: &str) {
    let site = Site::usual(api).await;
    site.accepted().await;
    site.backup_server.switch_over();
    let bot = crate::world::step_one("u1")["botId"].clone();
    let left = json!({ "eventType": "user_left", "userId": "u1", "botId": bot });
    site.world.call(&[("authorization", TOKEN)], &left).await;
    site.chat_when(|chat| chat.phase == Phase::Ended).await;
}

async fn whoever_was_dropped_by_the_server_is_back_with_the_bot(api: &str) {
    let site = Site::new(api, |options, _| options.unpolled_ms_max = 300).await;
    site.accepted().await;
    site.primary.faults().set(Plan { down: true, ..Plan::default() });
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(site.primary.chats()[0].phase, Phase::Ended);
    site.primary.faults().set(Plan::default());
    resumed(&site.world).await;
}

async fn gateway_failures_are_got_over(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    for status in [500, 502, 503, 429, 404] {
        site.primary.faults().set(Plan { status: Some(status), ..Plan::default() });
        site.act(&chat, say(&status.to_string()));
        site.world.hand.advance(1_000);
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        site.primary.faults().set(Plan::default());
        let expected = |texts: &[String]| texts.iter().any(|text| *text == status.to_string());
        let platform = &site.world.platform;
        meanwhile(&site.world, async || expected(&platform.texts()).then_some(())).await;
    }
    site.visitor_reads(&["500", "502", "503", "429", "404"]).await;
}

async fn last_words_are_heard_by_whoever_speaks_after_the_end(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    // The bridge's clock stands still: it has not polled when the visitor speaks.
    site.act(&chat, say("bye"));
    site.act(&chat, Act::End);
    site.world.step_two("u1", "thank you").await;
    resumed(&site.world).await;
    assert!(site.world.platform.texts().contains(&"bye".to_owned()));
    assert!(read(&site.primary.chats()[0]).is_empty());
}
