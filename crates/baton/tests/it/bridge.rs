//! The bridge alone, between scripted calls of any platform and a scripted push endpoint.

use std::time::Duration;

use kit::{http::Answer, receiver::Reply};
use proving::config::WEBHOOK_TOKEN;
use serde_json::{Value, json};

use crate::world::{Bridge, sign_in};

/// A call of one visitor; `more` is merged into the body.
async fn call(bridge: &Bridge, headers: &[(&str, &str)], more: Value) -> anyhow::Result<Answer> {
    let mut body = json!({
        "userId": "u1", "botId": "b1",
        "queryInput": { "text": { "text": "help me please", "languageCode": "en" } },
        "queryParams": { "contexts": [] },
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    let url = format!("{}/handover/desk", bridge.server.base);
    bridge.http.post(&url, headers, &body).await
}

fn step_one() -> Value {
    json!({
        "accessToken": WEBHOOK_TOKEN,
        "session": "projects/p/agent/sessions/s",
        "dialogflowResponse": { "queryResult": { "queryText": "help me please" } },
    })
}

async fn answer(bridge: &Bridge, more: Value) -> anyhow::Result<Value> {
    call(bridge, &[], more).await?.expect(200)?.json()
}

/// Checklist 20 and section 12: the bridge accepts the call of every revision, with the token in
/// the header or in the body.
#[tokio::test]
async fn calls_of_every_revision_are_understood() -> anyhow::Result<()> {
    let bridge = Bridge::start().await?;
    assert_eq!(answer(&bridge, step_one()).await?, json!({ "paused": true, "minutesPaused": 10 }));
    let chat = bridge.desk.open_chat_of("u1").await?;

    let text = |text: &str| json!({ "text": { "text": text, "languageCode": "en" } });
    let bearer = format!("Bearer {WEBHOOK_TOKEN}");
    let r1 = json!({ "queryInput": text("r1"), "accessToken": WEBHOOK_TOKEN, "session": "s" });
    let r2 = json!({ "queryInput": text("r2"), "accessToken": WEBHOOK_TOKEN });
    let r23 = json!({ "queryInput": text("r2.3") });
    let r31 = json!({
        "queryInput": text("r3.1"), "accessToken": WEBHOOK_TOKEN, "sessionId": "s",
        "eventType": "message",
        "queryParams": { "contexts": [], "payload": {}, "webhookHeaders": {} },
    });
    for (headers, body) in [
        (vec![], r1),
        (vec![], r2),
        (vec![("authorization", bearer.as_str())], r23.clone()),
        (vec![("authorization", WEBHOOK_TOKEN)], r23),
        (vec![("authorization", WEBHOOK_TOKEN)], r31),
    ] {
        let answer: Value = call(&bridge, &headers, body).await?.expect(200)?.json()?;
        assert_eq!(answer, json!({ "paused": true, "minutesPaused": 10 }));
    }
    let events = bridge.desk.events(&chat.id).await?;
    let said = events.iter().filter(|event| event.kind == "visitor_message");
    let said: Vec<_> = said.map(|event| event.text.as_str()).collect();
    assert_eq!(said, ["r1", "r2", "r2.3", "r2.3", "r3.1"]);

    let wrong = json!({ "accessToken": "wrong" });
    call(&bridge, &[], wrong).await?.expect(401)?;
    call(&bridge, &[], json!({})).await?.expect(401)?;
    Ok(())
}

/// A platform may repeat a call after a crash.
#[tokio::test]
async fn a_repeated_call_is_one_message() -> anyhow::Result<()> {
    let mut bridge = Bridge::start().await?;
    answer(&bridge, step_one()).await?;
    let chat = bridge.desk.open_chat_of("u1").await?;
    let again = json!({ "accessToken": WEBHOOK_TOKEN });
    let id = [("idempotency-key", "c1/17")];
    call(&bridge, &id, again.clone()).await?.expect(200)?;
    bridge.server.kill().await?;
    bridge.server.start().await?;
    let answer: Value = call(&bridge, &id, again).await?.expect(200)?.json()?;
    assert_eq!(answer["paused"], true);
    let events = bridge.desk.events(&chat.id).await?;
    assert_eq!(events.iter().filter(|event| event.kind == "visitor_message").count(), 1);
    Ok(())
}

/// With no human agent available, a handover is refused at once. A refused handover has no chat.
#[tokio::test]
async fn nobody_available_is_a_refusal() -> anyhow::Result<()> {
    let bridge = Bridge::start().await?;
    bridge.desk.set_available(false).await?;
    assert_eq!(answer(&bridge, step_one()).await?["paused"], false);
    let two = json!({ "accessToken": WEBHOOK_TOKEN });
    assert_eq!(answer(&bridge, two).await?, json!({ "paused": false, "minutesPaused": 0 }));
    sign_in(&bridge.http, &bridge.server.base, 1).await?;
    assert_eq!(answer(&bridge, step_one()).await?["paused"], true);
    Ok(())
}

/// Every push has the fields that each revision needs. Pushes come in order, and are repeated with
/// the same id after a failure or a crash.
#[tokio::test]
async fn pushes_arrive_in_order_whatever_happens() -> anyhow::Result<()> {
    let mut bridge = Bridge::start().await?;
    bridge.platform.always(Reply::Json(r#"{"ok":true}"#.to_owned()));
    answer(&bridge, step_one()).await?;
    let chat = bridge.desk.open_chat_of("u1").await?;
    bridge.desk.claim(&chat.id).await?.expect(200)?;
    let claimed = bridge.platform.call(0).await?;
    assert_eq!(claimed.body["eventType"], "channel_update");
    assert_eq!(claimed.body["paused"], true);

    bridge.platform.then(Reply::Status(503, "busy".to_owned())).then(Reply::Cut);
    for n in 1..=3 {
        bridge.desk.say(&chat.id, &format!("a{n}"), &format!("answer {n}")).await?;
    }
    let failed = bridge.platform.call(1).await?;
    bridge.server.kill().await?;
    bridge.platform.always(Reply::Json(r#"{"ok":true}"#.to_owned()));
    bridge.server.start().await?;
    bridge.desk.close(&chat.id).await?;

    let mut taken = Vec::new();
    let mut n = 1;
    while taken.last().is_none_or(|push: &Value| push["paused"] != false) {
        let push = bridge.platform.call(n).await?;
        assert_eq!(push.headers["authorization"], proving::config::PUSH_KEY);
        assert_eq!(push.headers["content-type"], "application/json");
        assert_eq!(push.body["accessToken"], proving::config::PUSH_KEY);
        assert_eq!((push.user_id(), &push.body["botId"]), ("u1", &"b1".into()));
        taken.push(push.body);
        n += 1;
    }
    let ids: Vec<_> = taken.iter().map(|push| push["messageId"].clone()).collect();
    assert_eq!(ids[0], failed.body["messageId"]);
    taken.dedup_by_key(|push| push["messageId"].clone());
    let texts: Vec<_> = taken.iter().map(|push| push["text"].as_str()).collect();
    assert_eq!(texts, [Some("answer 1"), Some("answer 2"), Some("answer 3"), None]);
    for push in &taken[..3] {
        assert_eq!((&push["eventType"], &push["paused"]), (&"message".into(), &true.into()));
        assert!(push["minutesPaused"].as_f64() > Some(0.0), "{push}");
        assert_eq!(push["agentProfile"]["name"], "Jane Doe");
    }
    Ok(())
}

/// The bridge waits for a platform that accepts pushes slowly. No other chat is delayed.
#[tokio::test]
async fn a_push_that_is_refused_for_good_is_shown_to_the_agent() -> anyhow::Result<()> {
    let bridge = Bridge::start().await?;
    bridge.platform.always(Reply::Json(r#"{"ok":true}"#.to_owned()));
    answer(&bridge, step_one()).await?;
    let chat = bridge.desk.open_chat_of("u1").await?;
    bridge.desk.claim(&chat.id).await?.expect(200)?;
    bridge.platform.call(0).await?;
    let refusal = r#"{"ok":false,"error":{"code":"not_found","message":"no such user"}}"#;
    bridge.platform.then(Reply::After(
        Duration::from_millis(50),
        Box::new(Reply::Status(404, refusal.to_owned())),
    ));
    let mut screen = bridge.desk.stream().await?;
    screen.watch(&chat.id, 0).await?;
    bridge.desk.say(&chat.id, "a1", "answer 1").await?;
    screen.wait_for(|event| event.kind == "refused").await?;
    bridge.desk.say(&chat.id, "a2", "answer 2").await?;
    assert_eq!(bridge.platform.call(2).await?.body["text"], "answer 2");
    Ok(())
}
