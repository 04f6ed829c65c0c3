//! The webhook endpoint: secrets, steps, repeats, and what it makes of every revision.

use machine::chat::{CloseReason, Event};
use serde_json::{Value, json};

use super::world::{TOKEN, World, example, step_one, step_two};

#[tokio::test]
async fn the_secret_is_taken_in_three_forms_and_needed_in_one() {
    let world = World::start().await;
    let _jane = world.sign_in("jane").await;
    let with_body = |token: &str| {
        let mut body = step_one("u1");
        body["accessToken"] = json!(token);
        body
    };
    let none = step_one("u1");
    let bearer = format!("Bearer {TOKEN}");
    for (headers, body) in [
        (vec![("authorization", TOKEN)], none.clone()),
        (vec![("authorization", bearer.as_str())], none.clone()),
        (vec![], with_body(TOKEN)),
        (vec![("authorization", "Bearer of-a-gateway")], with_body(TOKEN)),
        (vec![("authorization", TOKEN)], with_body("another")),
    ] {
        let (status, answer) = world.call(&headers, &body).await;
        assert_eq!((status, &answer["paused"]), (200, &json!(true)), "{headers:?}");
    }
    for (headers, body) in [
        (vec![], none.clone()),
        (vec![], with_body("wrong")),
        (vec![], with_body("")),
        (vec![("authorization", "wrong")], none.clone()),
        (vec![("authorization", "Bearer wrong")], with_body("wrong")),
        (vec![("authorization", "Basic webhook-token")], none.clone()),
        (vec![("x-access-token", TOKEN)], none),
    ] {
        let (status, answer) = world.call(&headers, &body).await;
        assert_eq!((status, &answer["id"]), (401, &json!("unauthorized")), "{headers:?}");
    }
}

#[tokio::test]
async fn strangers_learn_nothing_of_a_body_and_partners_everything() {
    let world = World::start().await;
    let broken = r#"{"userId":"u1","botId":7,"queryInput":{}}"#;
    let (status, _) = world.call_raw("desk", &[], broken.to_owned()).await;
    assert_eq!(status, 401);
    for (body, field) in [
        (json!({}), json!("userId")),
        (json!({"userId": "u1"}), json!("botId")),
        (json!({"userId": "", "botId": "b1"}), json!("userId")),
        (json!({"userId": "u1", "botId": 7}), json!("botId")),
        (json!({"userId": "u1", "botId": "b1"}), json!("queryInput.text.text")),
        (
            json!({"userId": "u1", "botId": "b1", "queryInput": {"text": {"text": 7}}}),
            json!("queryInput.text.text"),
        ),
        (json!({"userId": "u1", "botId": "b1", "eventType": 1}), json!("eventType")),
        (json!([]), Value::Null),
    ] {
        let (status, answer) = world.call(&[("authorization", TOKEN)], &body).await;
        assert_eq!((status, &answer["field"]), (400, &field), "{body} gave {answer}");
    }
    // The secret in the body is enough to be told what is wrong with the rest.
    let mut body = json!({"userId": "u1", "accessToken": TOKEN});
    assert_eq!(world.call(&[], &body).await.1["field"], "botId");
    body["accessToken"] = json!("wrong");
    assert_eq!(world.call(&[], &body).await.0, 401);

    let no_json = world.call_raw("desk", &[("authorization", TOKEN)], "{".to_owned()).await;
    assert_eq!((no_json.0, &no_json.1["id"]), (400, &json!("invalid_body")));
    let large = format!("{{\"userId\":\"{}\"}}", "x".repeat(2 << 20));
    assert_eq!(world.call_raw("desk", &[("authorization", TOKEN)], large).await.0, 413);
    let body = step_one("u1").to_string();
    // A stranger does not learn which routes there are.
    let without_id = |(status, mut body): (u16, Value)| {
        body.as_object_mut().unwrap().remove("requestId").expect("every error has one");
        (status, body)
    };
    let unknown = world.call_raw("nowhere", &[("authorization", TOKEN)], body.clone()).await;
    assert_eq!(unknown.0, 401);
    let wrong = world.call_raw("desk", &[("authorization", "wrong")], body).await;
    assert_eq!(without_id(wrong), without_id(unknown));
    let get = world.http.get(format!("{}/handover/desk", world.url)).send().await.unwrap();
    assert_eq!(get.status(), 405);
}

#[tokio::test]
async fn with_nobody_there_the_bot_keeps_the_visitor_and_the_reason_is_kept() {
    let world = World::start().await;
    assert_eq!(world.step_one("u1").await, json!({ "paused": false }));
    let jane = world.sign_in("jane").await;
    let chats = jane.chats().await;
    assert_eq!(chats.len(), 1);
    assert_eq!(chats[0]["status"], "closed");
    assert_eq!(chats[0]["closeReason"], "nobody_available");
    let id = chats[0]["id"].as_str().unwrap();
    let journal = world.journal(id).await;
    assert!(matches!(journal[0], Event::Opened { .. }));
    let reason = CloseReason::NobodyAvailable;
    assert_eq!(journal[1], Event::Closed { reason, agent: None });
    assert!(world.platform.attempts().is_empty(), "the answer says it all");

    // An agent who is away, or was not seen for a minute, is nobody either.
    assert_eq!(jane.put("availability", json!({ "available": false })).await.0, 204);
    assert_eq!(world.step_one("u2").await, json!({ "paused": false }));
    assert_eq!(jane.put("availability", json!({ "available": true })).await.0, 204);
    world.hand.advance(60_000);
    assert_eq!(world.step_one("u3").await, json!({ "paused": false }));
    jane.chats().await;
    assert_eq!(world.step_one("u3").await["paused"], true);
}

#[tokio::test]
async fn with_an_agent_the_visitor_waits_and_is_heard() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let paused = json!({ "paused": true, "minutesPaused": 10 });
    assert_eq!(world.step_one("u1").await, paused);
    assert_eq!(world.step_two("u1", "are you there?").await, paused);
    let id = jane.open_chat_of("u1").await;
    let chat = jane.chat(&id).await;
    assert!(id.starts_with("cht_"));
    assert_eq!(chat["status"], "queued");
    assert_eq!(chat["route"], "desk");
    assert_eq!(chat["botId"], "support");
    assert_eq!(chat["visitor"], json!({ "userId": "u1", "name": "Visitor U1" }));
    assert_eq!(chat["waitingSince"], "2026-11-22T10:00:00.000Z");
    assert_eq!(chat["preview"], "are you there?");
    assert_eq!(chat["agent"], Value::Null);
    let events = jane.events(&id).await;
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["opened", "visitor_message"]);
    assert_eq!(events[0]["reason"], "Human Handover Context");
    assert_eq!(events[0]["text"], "handover");
    assert_eq!(events[1]["seq"], 2);
    // Whom we do not know has no chat, and the bot answers.
    let ended = json!({ "paused": false, "minutesPaused": 0 });
    assert_eq!(world.step_two("u2", "hello?").await, ended);
    // The other route is another world.
    let body = step_two("u1", "hello?").to_string();
    let other = world.call_raw("other", &[("authorization", TOKEN)], body).await;
    assert_eq!(other, (200, ended));
}

#[tokio::test]
async fn a_call_that_comes_twice_happens_once() {
    let mut world = World::start().await;
    let jane = world.sign_in("jane").await;
    for header in ["idempotency-key", "x-request-id", "webhook-id"] {
        let user = format!("u-{header}");
        let paused = json!({ "paused": true, "minutesPaused": 10 });
        let one = [("authorization", TOKEN), (header, "c/16")];
        let two = [("authorization", TOKEN), (header, "c/17")];
        for _ in 0..2 {
            assert_eq!(world.call(&one, &step_one(&user)).await, (200, paused.clone()));
        }
        for _ in 0..3 {
            let answer = world.call(&two, &step_two(&user, "help me")).await;
            assert_eq!(answer, (200, paused.clone()));
        }
        let id = jane.open_chat_of(&user).await;
        assert_eq!(jane.events(&id).await.len(), 2, "{header}");
    }
    world = world.restart().await;
    let two = [("authorization", TOKEN), ("idempotency-key", "c/17")];
    let body = step_two("u-idempotency-key", "help me");
    assert_eq!(world.call(&two, &body).await.1["paused"], true);
    let id = jane_after_restart(&world).await.open_chat_of("u-idempotency-key").await;
    assert_eq!(world.journal(&id).await.len(), 2);
    // The same id on other words is a gateway's doing: nothing a visitor says is dropped.
    let body = step_two("u-idempotency-key", "something else");
    assert_eq!(world.call(&two, &body).await.1["paused"], true);
    assert_eq!(world.journal(&id).await.len(), 3);
}

async fn jane_after_restart(world: &World) -> super::page::Page {
    world.sign_in("jane").await
}

#[tokio::test]
async fn a_step_one_that_was_refused_stays_refused_when_it_comes_again() {
    let mut world = World::start().await;
    let headers = [("authorization", TOKEN), ("idempotency-key", "c/16")];
    let refused = (200, json!({ "paused": false }));
    assert_eq!(world.call(&headers, &step_one("u1")).await, refused);
    world = world.restart().await;
    let jane = world.sign_in("jane").await;
    assert_eq!(world.call(&headers, &step_one("u1")).await, refused);
    assert!(jane.chats().await.iter().all(|chat| chat["status"] == "closed"));
    // A new call of the same visitor is a new wish.
    let headers = [("authorization", TOKEN), ("idempotency-key", "c/18")];
    assert_eq!(world.call(&headers, &step_one("u1")).await.1["paused"], true);
}

#[tokio::test]
async fn twenty_times_the_same_call_at_once_is_one_chat() {
    for agents in [0, 1] {
        let world = World::start().await;
        if agents == 1 {
            world.sign_in("jane").await;
        }
        let headers = [("authorization", TOKEN), ("idempotency-key", "c/1")];
        let body = step_one("u1");
        let calls = (0..20).map(|_| world.call(&headers, &body));
        for (status, answer) in futures::future::join_all(calls).await {
            assert_eq!((status, &answer["paused"]), (200, &json!(agents == 1)));
        }
        let chats = world.sign_in("joe").await.chats().await;
        assert_eq!(chats.len(), 1);
        assert_eq!(chats[0]["seq"], if agents == 1 { 1 } else { 2 });
    }
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_acknowledged() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    world.step_one("u1").await;
    world.close_store().await;
    let (status, answer) = world.call(&[("authorization", TOKEN)], &step_two("u1", "hi")).await;
    assert_eq!((status, &answer["id"]), (503, &json!("unavailable")));
    let (status, _) = world.call(&[("authorization", TOKEN)], &step_one("u2")).await;
    assert_eq!(status, 503);
    assert_eq!(jane.get("chats").await.0, 503);
}

#[tokio::test]
async fn what_was_answered_survives_the_process() {
    let mut world = World::start().await;
    world.sign_in("jane").await;
    world.step_one("u1").await;
    for n in 0..20 {
        assert_eq!(world.step_two("u1", &format!("message {n}")).await["paused"], true);
    }
    world = world.restart().await;
    let jane = world.sign_in("jane").await;
    let id = jane.open_chat_of("u1").await;
    let events = jane.events(&id).await;
    let texts: Vec<_> = events[1..].iter().map(|event| event["text"].clone()).collect();
    let expected: Vec<_> = (0..20).map(|n| json!(format!("message {n}"))).collect();
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn the_transcript_comes_from_the_history_or_from_what_there_is() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    world.step_one("u1").await;
    let chat = jane.chat(&jane.open_chat_of("u1").await).await;
    let expected = json!([
        { "from": "visitor", "text": "handover", "format": "plain" },
        { "from": "bot", "text": "human handover text", "format": "markdown" }
    ]);
    assert_eq!(chat["transcript"], expected);

    let mut body = step_one("u2");
    body["messageHistory"] = example("r3.message_history");
    world.call(&[("authorization", TOKEN)], &body).await;
    let chat = jane.chat(&jane.open_chat_of("u2").await).await;
    let expected = json!([
        { "from": "visitor", "text": "hello", "format": "plain", "at": "2026-01-01T10:00:00.000Z" },
        { "from": "visitor", "text": "[welcome]", "format": "plain",
          "at": "2026-01-01T10:00:01.000Z" },
        { "from": "bot", "text": "Hi", "format": "markdown", "at": "2026-01-01T10:00:02.000Z" },
        { "from": "agent", "text": "Hi, how may I assist?", "format": "markdown",
          "at": "2026-01-01T10:05:00.000Z" },
        { "from": "visitor", "text": "help me please", "format": "plain",
          "at": "2026-01-01T10:06:00.000Z" }
    ]);
    assert_eq!(chat["transcript"], expected);
}

#[tokio::test]
async fn calls_of_every_revision_are_one_conversation() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let as_of = |name: &str, user: &str| {
        let mut body = example(name);
        body["userId"] = json!(user);
        body["botId"] = json!("support");
        body
    };
    for first in ["r1.step_one", "r3.step_one"] {
        let header = [("authorization", TOKEN)];
        let answer = world.call(&header, &as_of(first, first)).await;
        assert_eq!(answer, (200, json!({ "paused": true, "minutesPaused": 10 })));
        for second in ["r1.step_two", "r2.step_two", "r3.step_two"] {
            assert_eq!(world.call(&header, &as_of(second, first)).await.1["paused"], true);
        }
        // r2.3: nothing in the body, the bare secret in the header.
        let mut body = as_of("r2.step_two", first);
        body.as_object_mut().unwrap().remove("accessToken");
        assert_eq!(world.call(&header, &body).await.1["paused"], true);
        assert_eq!(world.call(&header, &as_of("r3.typing_call", first)).await.0, 200);
        let id = jane.open_chat_of(first).await;
        assert_eq!(jane.events(&id).await.len(), 5, "{first}");
    }
}

#[tokio::test]
async fn a_second_step_one_goes_on_with_the_open_chat() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    world.step_one("u1").await;
    world.step_one("u1").await;
    let id = jane.open_chat_of("u1").await;
    let types: Vec<_> = jane.events(&id).await.iter().map(|e| e["type"].clone()).collect();
    assert_eq!(types, [json!("opened"), json!("visitor_message")]);
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_with_a_mark() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let mut long = step_one("u1");
    long["queryInput"]["text"]["text"] = json!("é".repeat(20_000));
    let headers = [("authorization", TOKEN)];
    let (status, answer) = world.call(&headers, &long).await;
    assert_eq!((status, &answer["paused"]), (200, &json!(true)), "{answer}");
    let id = jane.open_chat_of("u1").await;
    let text = jane.events(&id).await[0]["text"].as_str().unwrap().to_owned();
    assert_eq!((text.chars().count(), text.ends_with("é […]")), (16_004, true), "it shows");
    let (status, answer) = world.call(&headers, &step_two("u1", &"é".repeat(16_001))).await;
    assert_eq!((status, &answer["paused"]), (200, &json!(true)), "{answer}");
    let whole = "é".repeat(16_000);
    assert_eq!(world.step_two("u1", &whole).await["paused"], true);
    let said: Vec<_> = jane.events(&id).await.iter().skip(1).map(|e| e["text"].clone()).collect();
    assert_eq!(said, [json!(format!("{whole} […]")), json!(whole)], "the cut shows");
}
