//! What agents say reaches the platform: in order, once, through failures and restarts.

use machine::{
    Machine,
    chat::{Clock, Event},
};
use serde_json::{Value, json};

use super::{
    platform::{Attempt, Fate},
    world::{KEY, MINUTE, World, eventually},
};

/// A small generator, so that a failing seed can be run again (xorshift64*).
struct Chance(u64);

impl Chance {
    fn percent(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % 100
    }
}

fn day() -> Clock {
    Clock { pause: 10 * MINUTE, queue: 1_440 * MINUTE, idle: 1_440 * MINUTE }
}

#[tokio::test]
async fn a_reply_is_pushed_in_the_shape_of_the_contract() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    assert_eq!(jane.say(&id, "m1", "Hi, how may I assist?").await, (202, json!({ "seq": 3 })));
    world.platform.wait(|attempts| attempts.len() == 2).await;
    world.settled(&id).await;
    assert_eq!(jane.post(&format!("chats/{id}/close"), json!({})).await.0, 204);
    let attempts = world.platform.wait(|attempts| attempts.len() == 3).await;
    let agent = json!({ "name": "Jane Doe", "avatarUrl": "" });
    let common = json!({
        "accessToken": KEY, "userId": "u1", "botId": "support", "agentProfile": agent
    });
    let expected = [
        json!({ "eventType": "channel_update", "paused": true, "minutesPaused": 10 }),
        json!({ "eventType": "message", "text": "Hi, how may I assist?", "format": "plain",
                "paused": true, "minutesPaused": 10 }),
        json!({ "eventType": "channel_update", "paused": false }),
    ];
    for ((attempt, expected), seq) in attempts.iter().zip(expected).zip(2..) {
        let mut whole = common.clone();
        whole.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
        whole["messageId"] = json!(format!("{id}/{seq}-0"));
        assert_eq!(attempt.body, whole);
        assert_eq!(attempt.id, format!("{id}/{seq}-0"));
        assert_eq!(attempt.authorization, KEY);
        assert!(wire::push::Push::parse(&attempt.raw).is_ok());
    }
    let chat = jane.chat(&id).await;
    assert_eq!(chat["pushedThrough"], 3);
    assert_eq!(chat["unpushed"], 0);
    assert_eq!(chat["agent"]["name"], "Jane Doe");
}

#[tokio::test]
async fn a_flaky_platform_gets_everything_once_and_in_order() {
    futures::future::join_all((1..=5).map(talk_through_a_flaky_platform)).await;
}

async fn talk_through_a_flaky_platform(seed: u64) {
    let world = World::start_with(day()).await;
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    world.platform.script(move |_| match chance.percent() {
        0..15 => Fate::Fail(500),
        15..30 => Fate::LoseAnswer,
        30..33 => Fate::Fail(409),
        _ => Fate::Accept,
    });
    let jane = world.sign_in("jane").await;
    let users: Vec<String> = (0..6).map(|n| format!("u{n}")).collect();
    let mut chats = Vec::new();
    for user in &users {
        world.step_one(user).await;
        let id = jane.open_chat_of(user).await;
        assert_eq!(jane.post(&format!("chats/{id}/claim"), json!({})).await.0, 200);
        chats.push(id);
    }
    for n in 0..10 {
        for (user, id) in users.iter().zip(&chats) {
            let said = jane.say(id, &format!("m{n}"), &format!("{user} {n}")).await;
            assert_eq!(said.0, 202);
        }
    }
    for id in &chats {
        eventually(async || {
            world.hand.advance(500);
            world.ledger.load(id).await.unwrap().filter(|chat| !chat.owes())
        })
        .await;
    }
    let attempts = world.platform.attempts();
    let lost = attempts.iter().filter(|a| a.fate == Fate::LoseAnswer).count();
    let failed = attempts.iter().filter(|a| matches!(a.fate, Fate::Fail(_))).count();
    assert!(lost > 0 && failed > 0, "seed {seed} never reached the rare paths");
    for user in &users {
        let said: Vec<_> = (0..10).map(|n| format!("{user} {n}")).collect();
        let texts = world.platform.texts();
        let heard: Vec<_> = texts.iter().filter(|t| t.starts_with(user)).cloned().collect();
        assert_eq!(heard, said, "seed {seed}");
    }
    for attempt in &attempts {
        let same = |other: &&Attempt| other.id == attempt.id;
        let differs = attempts.iter().filter(same).any(|other| other.raw != attempt.raw);
        assert!(!differs, "seed {seed}: two attempts of {} differ", attempt.id);
    }
}

#[tokio::test]
async fn nothing_overtakes_a_push_that_waits() {
    let world = World::start_with(day()).await;
    let (jane, id) = world.live_chat("u1").await;
    world.platform.script(|_| Fate::Fail(503));
    jane.say(&id, "m1", "first").await;
    jane.say(&id, "m2", "second").await;
    let attempts = world.platform.wait(|attempts| attempts.len() >= 2).await;
    assert_eq!(attempts[1].body["text"], "first");
    world.chat_when(&id, |chat| chat.owed().is_some_and(|owed| owed.attempts == 1)).await;
    world.platform.script(|_| Fate::Accept);
    assert_eq!(jane.chat(&id).await["unpushed"], 2);
    world.hand.advance(2_000);
    world.settled(&id).await;
    assert_eq!(world.platform.texts(), ["first", "second"]);
    assert_eq!(world.platform.attempts().len(), 4);
}

#[tokio::test]
async fn a_slow_chat_does_not_hold_up_another() {
    let world = World::start_with(day()).await;
    let (jane, slow) = world.live_chat("slow").await;
    let (_, quick) = world.live_chat("quick").await;
    world.platform.script(|attempt| match attempt.body["userId"].as_str() {
        Some("slow") => Fate::Hang,
        _ => Fate::Accept,
    });
    jane.say(&slow, "m1", "into the void").await;
    world.platform.wait(|attempts| attempts.len() == 3).await;
    jane.say(&slow, "m2", "after it").await;
    jane.say(&quick, "m1", "here").await;
    world.settled(&quick).await;
    assert_eq!(world.platform.texts(), ["here"]);
    let attempts = world.platform.attempts();
    let under_way = attempts.iter().filter(|attempt| attempt.fate == Fate::Hang).count();
    assert_eq!(under_way, 1, "one push of a chat at a time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_said_while_the_last_push_is_confirmed_is_not_left_behind() {
    let world = World::start_with(day()).await;
    let (jane, id) = world.live_chat("u1").await;
    for n in 0..150 {
        jane.say(&id, &format!("m{n}"), &format!("{n}")).await;
        world.platform.wait(|attempts| attempts.len() == n + 2).await;
    }
    let expected: Vec<_> = (0..150).map(|n| n.to_string()).collect();
    assert_eq!(world.platform.texts(), expected);
}

#[tokio::test]
async fn what_is_owed_survives_a_restart() {
    let mut world = World::start_with(day()).await;
    let (jane, id) = world.live_chat("u1").await;
    world.platform.script(|_| Fate::LoseAnswer);
    jane.say(&id, "m1", "first").await;
    world.chat_when(&id, |chat| chat.owed().is_some_and(|owed| owed.attempts == 1)).await;
    jane.say(&id, "m2", "second").await;
    let before = world.platform.attempts();
    world = world.restart().await;
    world.platform.script(|_| Fate::Accept);
    let state = world.ledger.load(&id).await.unwrap().unwrap();
    assert!(state.owed().unwrap().not_before > super::world::START, "the wait is kept too");
    assert_eq!(world.platform.attempts().len(), before.len(), "not before its time");
    world.hand.advance(2_000);
    world.settled(&id).await;
    let attempts = world.platform.attempts();
    assert_eq!(attempts[before.len()].id, before.last().unwrap().id);
    assert_eq!(attempts[before.len()].raw, before.last().unwrap().raw);
    assert_eq!(world.platform.texts(), ["first", "second"]);
}

#[tokio::test]
async fn a_push_under_way_when_the_process_ends_is_sent_again() {
    let mut world = World::start_with(day()).await;
    let (jane, id) = world.live_chat("u1").await;
    let mut hangs = std::iter::once(Fate::Hang);
    world.platform.script(move |_| hangs.next().unwrap_or(Fate::Accept));
    jane.say(&id, "m1", "hello").await;
    world.platform.wait(|attempts| attempts.len() == 2).await;
    world = world.restart().await;
    world.settled(&id).await;
    assert_eq!(world.platform.texts(), ["hello"]);
}

#[tokio::test]
async fn the_platform_may_ask_for_a_longer_wait() {
    let world = World::start_with(day()).await;
    let (jane, id) = world.live_chat("u1").await;
    world.platform.script(|_| Fate::Busy(90));
    jane.say(&id, "m1", "hello").await;
    let chat =
        world.chat_when(&id, |chat| chat.owed().is_some_and(|owed| owed.attempts == 1)).await;
    assert_eq!(chat.owed().unwrap().not_before, super::world::START + 90_000);
    world.platform.script(|_| Fate::Accept);
    world.hand.advance(89_000);
    jane.say(&id, "m2", "still there?").await;
    assert_eq!(world.platform.attempts().len(), 2);
    world.hand.advance(1_000);
    world.settled(&id).await;
    assert_eq!(world.platform.texts(), ["hello", "still there?"]);
}

#[tokio::test]
async fn a_refused_push_is_shown_and_does_not_block_the_rest() {
    for status in [400, 404, 413, 422] {
        let world = World::start().await;
        let (jane, id) = world.live_chat("u1").await;
        world.platform.script(move |attempt| match attempt.body["text"].as_str() {
            Some("bad") => Fate::Fail(status),
            _ => Fate::Accept,
        });
        jane.say(&id, "m1", "bad").await;
        let (_, good) = jane.say(&id, "m2", "good").await;
        let refused = jane.event(&id, |event| event["type"] == "refused").await;
        assert_eq!(refused["message"], 3);
        assert_eq!(refused["detail"], format!("status {status}: as the script says"));
        world.settled(&id).await;
        assert_eq!(world.platform.texts(), ["good"]);
        assert_eq!(jane.chat(&id).await["pushedThrough"], good["seq"]);
    }
}

#[tokio::test]
async fn a_wrong_key_is_tried_until_it_is_right() {
    for status in [401, 403] {
        try_until_the_key_is_right(status).await;
    }
}

async fn try_until_the_key_is_right(status: u16) {
    let world = World::start_with(day()).await;
    let (jane, id) = world.live_chat("u1").await;
    world.platform.script(move |_| Fate::Fail(status));
    jane.say(&id, "m1", "hello").await;
    for attempts in 1..=3 {
        world.chat_when(&id, |c| c.owed().is_some_and(|owed| owed.attempts == attempts)).await;
        world.hand.advance(6_000);
    }
    world.platform.script(|_| Fate::Accept);
    world.hand.advance(30_000);
    world.settled(&id).await;
    assert_eq!(world.platform.texts(), ["hello"]);
    let retried = |event: &Event| matches!(event, Event::PushRetried { .. });
    assert!(world.journal(&id).await.iter().filter(|event| retried(event)).count() >= 3);
    assert!(jane.events(&id).await.iter().all(|event| event["type"] != "refused"));
}

#[tokio::test]
async fn the_same_reply_twice_is_one_push() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    for _ in 0..3 {
        assert_eq!(jane.say(&id, "m1", "hello").await, (202, json!({ "seq": 3 })));
    }
    let (status, problem) = jane.say(&id, "m1", "other words").await;
    assert_eq!((status, &problem["id"]), (422, &json!("id_reused")));
    world.settled(&id).await;
    assert_eq!(world.platform.texts(), ["hello"]);
    // The answer stays the same when the chat is over.
    jane.post(&format!("chats/{id}/close"), json!({})).await;
    assert_eq!(jane.say(&id, "m1", "hello").await, (202, json!({ "seq": 3 })));
    assert_eq!(jane.say(&id, "m2", "too late").await.1["id"], "closed");
}

#[tokio::test]
async fn typing_is_told_sparingly_and_only_by_who_has_the_chat() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let joe = world.sign_in("joe").await;
    let path = format!("chats/{id}/typing");
    assert_eq!(joe.post(&path, json!({})).await.0, 204);
    for _ in 0..5 {
        assert_eq!(jane.post(&path, json!({})).await.0, 204);
    }
    world.hand.advance(2_000);
    assert_eq!(jane.post(&path, json!({})).await.0, 204);
    world.platform.wait(|attempts| attempts.len() == 3).await;
    jane.say(&id, "m1", "done").await;
    world.settled(&id).await;
    let attempts = world.platform.attempts();
    let typing: Vec<&Value> = attempts
        .iter()
        .map(|attempt| &attempt.body)
        .filter(|body| body["eventType"] == "user_typing")
        .collect();
    let expected = json!({
        "accessToken": KEY, "eventType": "user_typing", "userId": "u1", "botId": "support",
        "paused": true, "minutesPaused": 10,
        "agentProfile": { "name": "Jane Doe", "avatarUrl": "" }
    });
    assert_eq!(typing, [&expected, &expected]);
}
