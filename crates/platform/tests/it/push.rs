//! The push endpoint: who may push, what is answered, what the visitor sees (contract, sections
//! 4.6, 10, 12, 15).

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::world::{MINUTE, PUSH_KEY, START, World, config, control, says};

const JSON: (&str, &str) = ("content-type", "application/json");
/// Body, content type; status, code, field.
type Refusal = (String, (&'static str, &'static str), u16, &'static str, Value);

const KEY: (&str, &str) = ("authorization", PUSH_KEY);

fn message(text: &str) -> Value {
    json!({ "eventType": "message", "text": text, "paused": true, "minutesPaused": 5,
            "agentProfile": { "name": "Jane Doe", "avatarUrl": "https://example.com/j.png" } })
}

fn pause() -> Value {
    json!({ "eventType": "channel_update", "paused": true,
            "agentProfile": { "name": "Jane Doe", "avatarUrl": "" } })
}

#[tokio::test]
async fn the_key_may_stand_in_three_places_and_one_valid_one_is_enough() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let bearer = format!("Bearer {PUSH_KEY}");
    let cases: [(Option<&str>, Option<&str>, u16); 12] = [
        (None, Some(PUSH_KEY), 200),
        (Some(PUSH_KEY), None, 200),
        (Some(&bearer), None, 200),
        (Some("bEaReR  push-key-of-last-month"), None, 200),
        (Some("stale"), Some(PUSH_KEY), 200),
        (Some(PUSH_KEY), Some("stale"), 200),
        (None, None, 401),
        (Some(""), Some(""), 401),
        (Some("push-ke"), None, 401),
        (Some("push-key2"), None, 401),
        (Some("Bearer"), Some("stale"), 401),
        (Some("Basic push-key"), None, 401),
    ];
    for (header, in_body, expected) in cases {
        let mut body = message("hi");
        if let Some(key) = in_body {
            body["accessToken"] = key.into();
        }
        let headers: Vec<_> = header.iter().map(|key| ("authorization", *key)).collect();
        let (status, answer) = world.push_with(&visitor, body, &headers).await;
        assert_eq!(status, expected, "{header:?} {in_body:?} {answer}");
    }
    let story = visitor.journal().await;
    let said = |event: &machine::conversation::Event| {
        matches!(event, machine::conversation::Event::AgentSaid { .. })
    };
    assert_eq!(story.iter().filter(|recorded| said(&recorded.event)).count(), 6);
}

#[tokio::test]
async fn without_a_valid_key_nothing_is_learned() {
    let world = World::with(|bot, bridge| {
        let mut other = config(bot, &bridge.url, "other", "script");
        other.push_keys = vec![secrecy::SecretString::from("other-key").into()];
        vec![config(bot, &bridge.url, "support", "script"), other]
    })
    .await;
    let visitor = world.visitor().await;
    let wrong = [("authorization", "wrong")];
    let mut broken = message("hi");
    broken["text"] = json!(17);
    let mut unknown_bot = message("hi");
    unknown_bot["botId"] = json!("nobody");
    let mut unknown_user = message("hi");
    unknown_user["userId"] = json!("usr_01arz3ndektsv4rrffq69g5fav");
    let mut no_bot = message("hi");
    no_bot["botId"] = Value::Null;
    let bodies = [message("hi"), broken, unknown_bot.clone(), unknown_user.clone(), no_bot];
    let answers = join_all(bodies.into_iter().map(|b| world.push_with(&visitor, b, &wrong))).await;
    for answer in &answers {
        assert_eq!(answer.0, 401);
        assert_eq!(answer, &answers[0]);
    }
    // With a key, what is unknown is 404.
    let mut odd_user = message("hi");
    odd_user["userId"] = json!("../etc/passwd");
    let missing = [unknown_bot, unknown_user, odd_user];
    let missing = join_all(missing.into_iter().map(|body| world.push(&visitor, body))).await;
    for answer in &missing {
        assert_eq!(answer.0, 404);
        assert_eq!(answer, &missing[0]);
    }
    let foreign = world.push_with(&visitor, message("hi"), &[("authorization", "other-key")]);
    // A key in the wrong place may be put right, so it must not look like the end of the chat.
    let foreign = foreign.await;
    assert_eq!((foreign.0, &foreign.1["error"]["code"]), (403, &json!("forbidden")));
    let mut nobody = message("hi");
    nobody["botId"] = json!("nobody");
    let nobody = world.push_with(&visitor, nobody, &[("authorization", "other-key")]);
    assert_eq!(nobody.await, missing[0]);
    // A visitor of one bot is unknown to another, although the key would fit.
    let mut crossed = message("hi");
    crossed["botId"] = json!("other");
    let crossed = world.push_with(&visitor, crossed, &[("authorization", "other-key")]);
    assert_eq!(crossed.await, missing[0]);
}

#[tokio::test]
async fn refusals_have_the_contracts_shape_and_name_the_field() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let with = |change: Value| {
        let mut body = message("hi");
        body["userId"] = visitor.user.clone().into();
        body["botId"] = "support".into();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body.to_string()
    };
    let long = "x".repeat(machine::limits::BODY_BYTES_MAX);
    let agents_max = "é".repeat(16_000);
    let cases: [Refusal; 17] = [
        ("{".into(), JSON, 400, "invalid_body", Value::Null),
        ("[]".into(), JSON, 400, "invalid_body", Value::Null),
        ("\"x\"".into(), JSON, 400, "invalid_body", Value::Null),
        (with(json!({ "text": null })), JSON, 400, "missing_field", "text".into()),
        (with(json!({ "text": "" })), JSON, 400, "invalid_field", "text".into()),
        (with(json!({ "text": 7 })), JSON, 400, "invalid_field", "text".into()),
        (
            with(json!({ "text": format!("{agents_max}é") })),
            JSON,
            400,
            "invalid_field",
            "text".into(),
        ),
        (with(json!({ "messageId": "m\0" })), JSON, 400, "invalid_field", "messageId".into()),
        (with(json!({ "paused": "maybe" })), JSON, 400, "invalid_field", "paused".into()),
        (with(json!({ "eventType": "dance" })), JSON, 400, "invalid_field", "eventType".into()),
        (with(json!({ "userId": null })), JSON, 400, "missing_field", "userId".into()),
        (with(json!({ "botId": null })), JSON, 400, "missing_field", "botId".into()),
        (
            with(json!({ "agentProfile": { "name": 1 } })),
            JSON,
            400,
            "invalid_field",
            "agentProfile.name".into(),
        ),
        (
            with(json!({ "messageId": "x".repeat(201) })),
            JSON,
            400,
            "invalid_field",
            "messageId".into(),
        ),
        (with(json!({ "text": long })), JSON, 413, "too_large", Value::Null),
        (with(json!({})), ("content-type", "text/plain"), 415, "not_json", Value::Null),
        (
            with(json!({})),
            ("content-type", "application/x-www-form-urlencoded"),
            415,
            "not_json",
            Value::Null,
        ),
    ];
    for (body, kind, status, code, field) in cases {
        let shown = body.chars().take(80).collect::<String>();
        let answer = world.push_raw(body, &[kind, KEY]).await;
        assert_eq!((answer.0, &answer.1["ok"]), (status, &json!(false)), "{shown} {}", answer.1);
        assert_eq!(answer.1["error"]["code"], code, "{shown}");
        assert_eq!(answer.1["error"]["field"], field, "{shown}");
        assert!(answer.1["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let url = format!("{}{}", world.base, wire::push::PATH);
    let answer = world.http.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
    assert_eq!(answer.json::<Value>().await.unwrap()["ok"], false);
    // What r1 does not ask for may be missing.
    let answer = world.push_raw(with(json!({ "text": agents_max })), &[KEY]).await;
    assert_eq!(answer.0, 200);
    assert!(visitor.journal().await.len() <= 3, "a refused push had an effect");
}

#[tokio::test]
async fn an_agent_may_start_speak_type_and_leave() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let until = |ms: i64| {
        json!({ "ok": true, "paused": true,
                                  "pausedUntil": edge::time::rfc3339(START + ms) })
    };
    assert_eq!(world.push(&visitor, message("Hi")).await, (200, until(5 * MINUTE)));
    let said = visitor.until(says("Hi")).await;
    assert_eq!(
        said["agent"],
        json!({ "name": "Jane Doe",
                                      "avatarUrl": "https://example.com/j.png" })
    );
    let human = visitor.until(control("human")).await;
    assert_eq!(human["pausedUntil"], edge::time::rfc3339(START + 5 * MINUTE));

    world.clock.advance(MINUTE);
    // Default of ten minutes; strings and fractions count.
    assert_eq!(world.push(&visitor, pause()).await.1, until(11 * MINUTE));
    let half = json!({ "eventType": "user_typing", "paused": "true", "minutesPaused": "0.5" });
    assert_eq!(world.push(&visitor, half).await.1, until(MINUTE * 3 / 2));
    // No `paused`: the pause is as it was, and so it is with the older name of the event.
    let typing = json!({ "eventType": "agent_typing" });
    assert_eq!(world.push(&visitor, typing).await, (200, until(MINUTE * 3 / 2)));

    let resume = json!({ "eventType": "channel_update", "paused": false });
    let ended = json!({ "ok": true, "paused": false, "pausedUntil": null });
    assert_eq!(world.push(&visitor, resume).await, (200, ended));
    let last = "control: bot (push)";
    assert!(visitor.story().await.iter().any(|line| line == last), "{:?}", visitor.events);
    // An agent's message without a profile is the one's who spoke before.
    world.push(&visitor, json!({ "eventType": "message", "text": "P.S." })).await;
    assert_eq!(visitor.until(says("P.S.")).await["agent"]["name"], "Jane Doe");
}

#[tokio::test]
async fn notices_are_word_for_word_and_events_speak_for_themselves() {
    let world = World::new().await;
    let jane = "Jane Doe has left the conversation. You are now chatting with the bot.";
    let human = "The human has left the conversation. You are now chatting with the bot.";
    let cases: [(Value, Value, &[&str]); 9] = [
        (json!({}), json!("Jane Doe"), &[jane]),
        (json!({}), json!("  "), &[human]),
        (json!({}), Value::Null, &[human]),
        (json!({ "unpauseChatEvent": "default" }), json!("Jane Doe"), &[jane]),
        (json!({ "unpauseChatEvent": "" }), json!("Jane Doe"), &[jane]),
        (json!({ "unpauseChatEvent": "none" }), json!("Jane Doe"), &[]),
        (json!({ "unpauseChatEvent": "WELCOME" }), json!("Jane Doe"), &["echo: !WELCOME"]),
        (json!({ "unpauseChatEvent": "FAIL" }), json!("Jane Doe"), &[jane]),
        (json!({ "unpauseChatEvent": "MUTE" }), json!("Jane Doe"), &[jane]),
    ];
    for (extra, name, expected) in cases {
        let mut visitor = world.visitor().await;
        let mut start = pause();
        start["agentProfile"]["name"] = name.clone();
        world.push(&visitor, start.clone()).await;
        // Keeping alive is not joining again.
        world.push(&visitor, start.clone()).await;
        let mut end = extra.clone();
        end["eventType"] = "channel_update".into();
        end["paused"] = false.into();
        end["agentProfile"] = start["agentProfile"].clone();
        // r1 style: the key in the body.
        end["accessToken"] = PUSH_KEY.into();
        assert_eq!(world.push_with(&visitor, end, &[]).await.0, 200);
        visitor.at_rest().await;
        visitor.story().await;
        let texts = visitor.events.iter().filter_map(|event| event["text"].as_str());
        let texts: Vec<_> = texts.collect();
        assert_eq!(texts[0], "You are now chatting with an Agent.");
        assert_eq!(&texts[1..], expected, "{extra} {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_pushes_with_one_key_are_one_message() {
    let world = Arc::new(World::new().await);
    let visitor = Arc::new(world.visitor().await);
    let barrier = Arc::new(Barrier::new(100));
    let pushes = (0..100).map(|n| {
        let (world, visitor, barrier) = (world.clone(), visitor.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            // The header and the field of the body are the same thing.
            if n % 2 == 0 {
                let headers = [KEY, ("idempotency-key", "chat/9")];
                world.push_with(&visitor, message("Hi"), &headers).await
            } else {
                let mut body = message("Hi");
                body["messageId"] = "chat/9".into();
                world.push(&visitor, body).await
            }
        })
    });
    let answers = join_all(pushes).await;
    let first = answers[0].as_ref().unwrap();
    assert_eq!(first.0, 200);
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
    let headers = [KEY, ("idempotency-key", "chat/9")];
    let other = world.push_with(&visitor, message("Something else"), &headers).await;
    assert_eq!((other.0, &other.1["error"]["code"]), (422, &json!("id_reused")));
    // Another spelling of the same push is the same push.
    let mut spelled = message("Hi");
    spelled["minutesPaused"] = "5.0".into();
    spelled["accessToken"] = PUSH_KEY.into();
    assert_eq!(&world.push_with(&visitor, spelled, &headers).await, first);

    let token = visitor.token.clone();
    let world = Arc::into_inner(world).unwrap().restart().await;
    let mut after = world.visitor().await;
    (after.user, after.conversation, after.token) =
        (visitor.user.clone(), visitor.conversation.clone(), token);
    assert_eq!(&world.push_with(&after, message("Hi"), &headers).await, first);
    let other = world.push_with(&after, message("Something else"), &headers).await;
    assert_eq!(other.0, 422);
    let said = after.story().await.into_iter().filter(|line| line == "agent: Hi");
    assert_eq!(said.count(), 1);
}
