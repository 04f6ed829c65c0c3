//! What happens when nobody does anything.

use machine::chat::Clock;
use serde_json::{Value, json};

use super::{
    platform::Fate,
    world::{MINUTE, START, World},
};

#[tokio::test]
async fn the_pause_is_kept_alive_while_the_visitor_waits_and_while_nobody_speaks() {
    let times = Clock { pause: 3 * MINUTE, queue: 60 * MINUTE, idle: 60 * MINUTE };
    let world = World::start_with(times).await;
    let jane = world.sign_in("jane").await;
    assert_eq!(world.step_one("u1").await["minutesPaused"], 3);
    let id = jane.open_chat_of("u1").await;
    world.hand.advance(2 * MINUTE);
    let attempts = world.platform.wait(|attempts| attempts.len() == 1).await;
    assert_eq!(attempts[0].body["eventType"], "channel_update");
    assert_eq!(attempts[0].body["paused"], true);
    assert_eq!(attempts[0].body["minutesPaused"], 3);
    assert_eq!(attempts[0].body.get("agentProfile"), None, "nobody has it yet");
    world.settled(&id).await;
    jane.post(&format!("chats/{id}/claim"), json!({})).await;
    world.settled(&id).await;
    for alive in 3..6 {
        world.hand.advance(2 * MINUTE);
        let attempts = world.platform.wait(|attempts| attempts.len() == alive).await;
        assert_eq!(attempts[alive - 1].body["agentProfile"]["name"], "Jane Doe");
        world.settled(&id).await;
    }
    let types: Vec<Value> = jane.events(&id).await.iter().map(|e| e["type"].clone()).collect();
    assert_eq!(types, [json!("opened"), json!("claimed")], "agents see nothing of it");
}

#[tokio::test]
async fn a_platform_that_pauses_for_less_hears_of_it_in_time() {
    let times = Clock { pause: 10 * MINUTE, queue: 60 * MINUTE, idle: 60 * MINUTE };
    let world = World::start_with(times).await;
    world.platform.script(|_| Fate::PausedUntil(START + 6 * MINUTE));
    let (_, id) = world.live_chat("u1").await;
    world.platform.script(|_| Fate::Accept);
    world.hand.advance(4 * MINUTE);
    let attempts = world.platform.wait(|attempts| attempts.len() == 2).await;
    assert_eq!(attempts[1].body["eventType"], "channel_update");
    assert_eq!(attempts[1].body["paused"], true);
    world.settled(&id).await;
}

#[tokio::test]
async fn a_visitor_nobody_takes_goes_back_to_the_bot() {
    let times = Clock { pause: 10 * MINUTE, queue: 5 * MINUTE, idle: 60 * MINUTE };
    let world = World::start_with(times).await;
    let jane = world.sign_in("jane").await;
    world.step_one("u1").await;
    let id = jane.open_chat_of("u1").await;
    world.hand.advance(5 * MINUTE);
    let attempts = world.platform.wait(|attempts| attempts.len() == 1).await;
    assert_eq!(attempts[0].body["eventType"], "channel_update");
    assert_eq!(attempts[0].body["paused"], false);
    assert_eq!(attempts[0].body.get("agentProfile"), None);
    world.settled(&id).await;
    let chat = jane.chat(&id).await;
    assert_eq!(
        (&chat["status"], &chat["closeReason"]),
        (&json!("closed"), &json!("queue_timeout"))
    );
    assert_eq!(jane.post(&format!("chats/{id}/claim"), json!({})).await.1["id"], "closed");
    let ended = json!({ "paused": false, "minutesPaused": 0 });
    assert_eq!(world.step_two("u1", "hello?").await, ended);
}

#[tokio::test]
async fn a_silent_chat_is_closed_also_across_a_restart() {
    let times = Clock { pause: 10 * MINUTE, queue: 60 * MINUTE, idle: 8 * MINUTE };
    let mut world = World::start_with(times).await;
    let (jane, id) = world.live_chat("u1").await;
    world.hand.advance(7 * MINUTE);
    jane.say(&id, "m1", "still there?").await;
    world.settled(&id).await;
    world = world.restart().await;
    world.hand.advance(8 * MINUTE);
    let chat = world.chat_when(&id, |chat| !chat.is_open()).await;
    assert!(chat.agent().is_none());
    world.settled(&id).await;
    let last = world.platform.attempts().last().unwrap().body.clone();
    assert_eq!(last["paused"], false);
    assert_eq!(last["agentProfile"]["name"], "Jane Doe", "the visitor is told who left");
    let jane = world.sign_in("jane").await;
    assert_eq!(jane.chat(&id).await["closeReason"], "idle");
}

#[tokio::test]
async fn a_push_is_given_up_after_a_day_and_said_so() {
    let day = Clock { pause: 10 * MINUTE, queue: 6_000 * MINUTE, idle: 6_000 * MINUTE };
    let world = World::start_with(day).await;
    let (jane, id) = world.live_chat("u1").await;
    world.platform.script(|_| Fate::Fail(502));
    jane.say(&id, "m1", "hello").await;
    world.chat_when(&id, |chat| chat.owed().is_some_and(|owed| owed.attempts == 1)).await;
    world.hand.advance(1_440 * MINUTE);
    world.chat_when(&id, |chat| chat.unpushed() == 0).await;
    let jane = world.sign_in("jane").await;
    let refused = jane.event(&id, |event| event["type"] == "refused").await;
    assert_eq!(refused["detail"], "given up after 2 attempts: status 502: as the script says");
}

/// Waiting, silence, the pause and the session of a human agent are lengths of time: a system clock
/// that is set to another time changes none of them.
#[tokio::test]
async fn chats_and_sessions_outlive_any_step_of_the_clock_and_end_in_their_time() {
    let hour = 60 * MINUTE;
    for jump in [3 * hour, -3 * hour, 20_000 * 24 * hour, -20_000 * 24 * hour] {
        let times = Clock { pause: 10 * MINUTE, queue: 20 * MINUTE, idle: 20 * MINUTE };
        let world = World::start_with(times).await;
        let (jane, live) = world.live_chat("u1").await;
        world.step_one("u2").await;
        let waiting = jane.open_chat_of("u2").await;
        let pauses = world.platform.attempts().len();
        world.hand.set_wall(jump);
        jane.say(&live, "m1", "still there?").await;
        world.settled(&live).await;
        assert_eq!(world.step_two("u1", "yes").await["paused"], true, "{jump}");
        world.hand.advance(2 * MINUTE);
        assert_eq!(jane.chat(&waiting).await["status"], "queued", "{jump}");
        assert_eq!(world.platform.attempts().len(), pauses + 1, "{jump}: the pause was renewed");
        // The last of the visitor is two minutes old.
        world.hand.advance(16 * MINUTE);
        world.settled(&live).await;
        world.settled(&waiting).await;
        assert_eq!(jane.chat(&waiting).await["status"], "queued", "{jump}");
        assert_eq!(jane.chat(&live).await["status"], "live", "{jump}");
        world.hand.advance(5 * MINUTE);
        world.chat_when(&waiting, |chat| !chat.is_open()).await;
        world.chat_when(&live, |chat| !chat.is_open()).await;
        world.settled(&live).await;
        assert_eq!(jane.chat(&waiting).await["closeReason"], "queue_timeout", "{jump}");
        assert_eq!(jane.chat(&live).await["closeReason"], "idle", "{jump}");
    }
}
