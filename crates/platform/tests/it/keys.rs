//! Who may push and who may read (contract 13.17 to 13.19).

use edge::secrets::{KnownSecret, hash_hex};
use serde_json::{Value, json};

use crate::world::{PUSH_KEY, Visitor, WEBHOOK_TOKEN, World, config, says};

const HISTORY_KEY: &str = "history-key";

async fn world(webhook_token_pushes: bool) -> World {
    World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "support", "script");
        config.webhook_token_pushes = webhook_token_pushes;
        config.history_keys = vec![KnownSecret::Hash(hash_hex(HISTORY_KEY))];
        vec![config]
    })
    .await
}

async fn push(world: &World, visitor: &Visitor, key: &str) -> u16 {
    let body = json!({ "eventType": "message", "text": "hi" });
    world.push_with(visitor, body, &[("authorization", key)]).await.0
}

/// The generated key pushes; the webhook token only where the owner says so.
#[tokio::test]
async fn ambiguity_13_17_the_webhook_token_may_push_when_allowed() {
    for (allowed, expected) in [(false, 401), (true, 200)] {
        let world = world(allowed).await;
        let visitor = world.visitor().await;
        assert_eq!(push(&world, &visitor, PUSH_KEY).await, 200);
        assert_eq!(push(&world, &visitor, WEBHOOK_TOKEN).await, expected);
    }
}

/// A key of its own reads the history and does nothing else; a push key does not read.
#[tokio::test]
async fn ambiguity_13_18_a_history_key_reads_and_nothing_else() {
    let world = world(false).await;
    let mut visitor = world.visitor().await;
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
    assert_eq!(push(&world, &visitor, HISTORY_KEY).await, 401);
    let read = async |key: &str, user: &str| {
        let url = format!("{}{}", world.base, wire::history::PATH);
        let request = world.http.get(url).query(&[("botId", "support"), ("userId", user)]);
        let answer = request.header("authorization", key).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    for key in [HISTORY_KEY, "Bearer history-key"] {
        let (status, body) = read(key, &visitor.user).await;
        assert_eq!(status, 200, "{body}");
        let items = body["messageHistory"].as_array().unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(items[0]["payload"]["query"], "hello");
        assert_eq!(items[1]["payload"]["responseId"], "5a1e4c3e");
    }
    for key in [PUSH_KEY, WEBHOOK_TOKEN, &visitor.token, "wrong"] {
        assert_eq!(read(key, &visitor.user).await.0, 401, "{key}");
    }
    assert_eq!(read(HISTORY_KEY, "usr_nobody").await.0, 404);
    let url = format!("{}{}", world.base, wire::history::PATH);
    let answer = world.http.get(url).header("authorization", HISTORY_KEY).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["field"], "botId");
}
