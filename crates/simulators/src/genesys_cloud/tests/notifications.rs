use kit::socket::Socket;
use serde_json::{Value, json};

use super::{World, next};
use crate::{
    Act,
    genesys_cloud::{Channels, DisconnectType},
};

const KINDS: [&str; 6] =
    ["customer.start", "acd.start", "acd.end", "user.start", "user.end", "customer.end"];

fn topics(chat: &str) -> Value {
    KINDS
        .iter()
        .map(|kind| json!({ "id": format!("v2.detail.events.conversation.{chat}.{kind}") }))
        .collect()
}

async fn listen(world: &World, topics: &Value) -> (String, Socket) {
    let channel = world.post("/notifications/channels", &Value::Null).await;
    let channel: Value = channel.expect(200).unwrap().json().unwrap();
    let id = channel["id"].as_str().unwrap().to_owned();
    let path = format!("/notifications/channels/{id}/subscriptions");
    world.call("PUT", &path, topics).await.expect(200).unwrap();
    let uri = channel["connectUri"].as_str().unwrap();
    assert!(uri.starts_with("ws://"));
    (id, Socket::connect(&uri.replacen("ws", "http", 1), &[]).await.unwrap())
}

/// The kind of the event and what the test looks at.
async fn event(socket: &mut Socket) -> (String, Value) {
    loop {
        let frame = next(socket).await;
        let topic = frame["topicName"].as_str().unwrap().to_owned();
        if let Some((_, kind)) = topic.split_once("conversation.") {
            let (_, kind) = kind.split_once('.').unwrap();
            return (kind.to_owned(), frame["eventBody"].clone());
        }
    }
}

#[tokio::test]
async fn joining_transfers_and_the_end_are_told() {
    let world = World::start().await;
    let chat = world.write("u-1", "hello").await;
    let (_, mut socket) = listen(&world, &topics(&chat)).await;
    world.accept(&chat, "Grace");
    let (kind, body) = event(&mut socket).await;
    assert_eq!((kind.as_str(), &body["acdOutcome"]), ("acd.end", &json!("ANSWERED")));
    let (kind, body) = event(&mut socket).await;
    assert_eq!((kind.as_str(), &body["messageType"]), ("user.start", &json!("OPEN")));
    let user = world.get(&format!("/users/{}", body["userId"].as_str().unwrap())).await;
    assert_eq!(user["name"], "Grace");

    world.act(&chat, Act::Transfer { agent: "Edsger".to_owned() });
    let (kind, body) = event(&mut socket).await;
    assert_eq!((kind.as_str(), &body["disconnectType"]), ("user.end", &json!("TRANSFER")));
    assert_eq!(event(&mut socket).await.0, "user.start");
    world.tool.disconnect(&chat, DisconnectType::NoAnswerTransfer).unwrap();
    let (_, body) = event(&mut socket).await;
    assert_eq!(body["disconnectType"], "NO_ANSWER_TRANSFER");
    assert_eq!(event(&mut socket).await.0, "acd.start");
    world.accept(&chat, "Grace");
    for expected in ["acd.end", "user.start"] {
        assert_eq!(event(&mut socket).await.0, expected);
    }
    world.tool.disconnect(&chat, DisconnectType::Inactivity).unwrap();
    let (_, body) = event(&mut socket).await;
    assert_eq!(body["disconnectType"], "INACTIVITY");
    let (kind, body) = event(&mut socket).await;
    assert_eq!((kind.as_str(), &body["disconnectType"]), ("customer.end", &json!("PEER")));
}

#[tokio::test]
async fn a_visitor_who_goes_while_waiting_abandons() {
    let world = World::start().await;
    let chat = world.write("u-1", "hello").await;
    let (_, mut socket) = listen(&world, &topics(&chat)).await;
    let path = format!("/conversations/messages/{chat}");
    world.call("PATCH", &path, &json!({ "state": "disconnected" })).await.expect(200).unwrap();
    let told = [event(&mut socket).await, event(&mut socket).await];
    let acd = told.iter().find(|(kind, _)| kind == "acd.end").unwrap();
    assert_eq!(acd.1["acdOutcome"], "ABANDON");
    assert!(told.iter().any(|(kind, _)| kind == "customer.end"));
}

#[tokio::test]
async fn the_queue_shows_conversations_by_their_participants() {
    let world = World::start().await;
    let queue = &world.tool.options().queue_id;
    let topic = json!([{ "id": format!("v2.routing.queues.{queue}.conversations.messages") }]);
    let (_, mut socket) = listen(&world, &topic).await;
    let chat = world.write("u-1", "hello").await;
    loop {
        let frame = next(&mut socket).await;
        let body = &frame["eventBody"];
        if body["participants"][0]["messages"][0].is_object() {
            assert_eq!(body["id"], chat.as_str());
            assert_eq!(body["participants"][1]["purpose"], "acd");
            break;
        }
    }
}

#[tokio::test]
async fn heartbeats_come_and_pings_are_answered() {
    let world = World::start().await;
    let (_, mut socket) = listen(&world, &json!([])).await;
    socket.send(r#"{"message":"ping"}"#).await.unwrap();
    assert_eq!(next(&mut socket).await["eventBody"]["message"], "pong");
    let beat = next(&mut socket).await;
    assert_eq!(beat["topicName"], "channel.metadata");
    assert_eq!(beat["eventBody"]["message"], "WebSocket Heartbeat");
}

#[tokio::test]
async fn channels_are_kept_or_forgotten_and_may_be_forbidden() {
    let world = World::start().await;
    let (id, mut socket) = listen(&world, &json!([])).await;
    world.tool.drop_notifications(Channels::Kept);
    assert!(socket.soon().await.is_err());
    let path = format!("/notifications/channels/{id}/subscriptions");
    world.get(&path).await;
    let uri = format!("{}/channels/{id}", world.simulator.base);
    Socket::connect(&uri, &[]).await.unwrap();
    world.tool.drop_notifications(Channels::Forgotten);
    assert_eq!(world.call("GET", &path, &Value::Null).await.status.as_u16(), 404);
    assert!(Socket::connect(&uri, &[]).await.is_err());

    let wrong = world.call("PUT", &path, &json!([{ "id": "v2.nonsense" }])).await;
    assert_eq!(wrong.status.as_u16(), 400);
    let world = World::with(|options| options.notifications = false).await;
    let refused = world.post("/notifications/channels", &Value::Null).await;
    assert_eq!(refused.status.as_u16(), 403);
}
