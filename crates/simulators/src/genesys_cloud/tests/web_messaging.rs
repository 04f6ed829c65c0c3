use std::time::Duration;

use kit::socket::Socket;
use serde_json::{Value, json};

use super::{World, next};
use crate::{Act, Phase, genesys_cloud::ConversationDisconnect};

const TOKEN: &str = "4b1d0000-0000-4000-8000-000000000001";

struct Visitor {
    socket: Socket,
    deployment: String,
}

impl Visitor {
    async fn connect(world: &World) -> Self {
        let deployment = world.tool.options().deployment_id.clone();
        let url = format!("{}/v1?deploymentId={deployment}&application=test", world.simulator.base);
        let socket = Socket::connect(&url, &[("origin", "https://shop.test")]).await.unwrap();
        Self { socket, deployment }
    }

    async fn send(&mut self, action: &str, more: Value) {
        let mut frame = json!({ "action": action, "token": TOKEN, "tracingId": "t-1" });
        frame.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.socket.send(frame.to_string()).await.unwrap();
    }

    async fn ask(&mut self, action: &str, more: Value) -> Value {
        self.send(action, more).await;
        next(&mut self.socket).await
    }

    async fn configure(&mut self, start_new: bool) -> Value {
        let more = json!({ "deploymentId": self.deployment, "startNew": start_new });
        self.ask("configureSession", more).await
    }

    async fn write(&mut self, text: &str) -> Value {
        self.ask("onMessage", json!({ "message": { "type": "Text", "text": text } })).await
    }

    async fn event(&mut self, kind: &str) {
        let events = json!([{ "eventType": "Presence", "presence": { "type": kind } }]);
        self.send("onMessage", json!({ "message": { "type": "Event", "events": events } })).await;
    }
}

/// The limit of two messages a second counts the vendor's seconds.
async fn a_second() {
    tokio::time::sleep(Duration::from_millis(25)).await;
}

#[tokio::test]
async fn a_conversation_both_ways_and_over_two_sockets() {
    let world = World::start().await;
    let mut visitor = Visitor::connect(&world).await;
    let session = visitor.configure(true).await;
    assert_eq!(
        (&session["class"], &session["body"]["newSession"]),
        (&json!("SessionResponse"), &json!(true))
    );
    let attributes =
        json!({ "channel": { "metadata": { "customAttributes": { "topic": "VPN" } } } });
    let mut message = json!({ "type": "Text", "text": "hello 🙂" });
    message.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    let echo = visitor.ask("onMessage", json!({ "message": message })).await;
    assert_eq!(
        (&echo["tracingId"], &echo["body"]["direction"]),
        (&json!("t-1"), &json!("Inbound"))
    );
    let chat = world.simulator.chats()[0].clone();
    assert!(chat.facts.contains(&("topic".to_owned(), "VPN".to_owned())));

    world.accept(&chat.id, "Grace");
    world.say(&chat.id, "Good morning");
    let typing = next(&mut visitor.socket).await;
    assert_eq!(typing["body"]["events"][0]["eventType"], "Typing");
    let said = next(&mut visitor.socket).await;
    assert_eq!(
        (&said["body"]["direction"], &said["body"]["originatingEntity"]),
        (&json!("Outbound"), &json!("Human"))
    );
    assert_eq!(said["body"]["channel"]["from"]["nickname"], "Grace");

    world.tool.drop_web_sockets();
    assert!(visitor.socket.soon().await.is_err());
    world.say(&chat.id, "Are you there?");
    let mut visitor = Visitor::connect(&world).await;
    assert_eq!(visitor.configure(false).await["body"]["newSession"], false);
    let jwt = visitor.ask("getJwt", json!({})).await;
    let bearer = format!("Bearer {}", jwt["body"]["jwt"].as_str().unwrap());
    let url =
        format!("{}/api/v2/webmessaging/messages?pageNumber=1&pageSize=2", world.simulator.base);
    let page = world.http.get(&url, &[("authorization", &bearer)]).await.unwrap();
    let page: Value = page.expect(200).unwrap().json().unwrap();
    assert_eq!((&page["total"], &page["pageCount"]), (&json!(3), &json!(2)));
    assert_eq!(page["entities"][0]["text"], "Are you there?");
    a_second().await;
    visitor
        .send(
            "onMessage",
            json!({ "message": { "type": "Event", "events": [{ "eventType": "Typing" }] } }),
        )
        .await;
    let echo = visitor.ask("echo", json!({ "message": { "type": "Text", "text": "ping" } })).await;
    assert_eq!(
        (&echo["class"], &echo["body"]["text"]),
        (&json!("StructuredMessage"), &json!("ping"))
    );
    assert!(world.simulator.chats()[0].visitor_types);
}

#[tokio::test]
async fn the_end_is_shown_as_the_deployment_says() {
    for (mode, shown) in [
        (ConversationDisconnect::Send, json!({})),
        (ConversationDisconnect::ReadOnly, json!({ "readOnly": "true" })),
    ] {
        let world = World::with(|options| options.conversation_disconnect = mode).await;
        let mut visitor = Visitor::connect(&world).await;
        visitor.configure(false).await;
        visitor.write("hello").await;
        let chat = world.simulator.chats()[0].id.clone();
        world.accept(&chat, "Grace");
        world.act(&chat, Act::End);
        let end = next(&mut visitor.socket).await;
        assert_eq!(end["body"]["events"][0]["presence"]["type"], "Disconnect");
        assert_eq!(end["body"]["metadata"], shown);
        a_second().await;
        let read_only = mode == ConversationDisconnect::ReadOnly;
        let next = visitor.write("me again").await;
        assert_eq!(next["code"], if read_only { 403 } else { 200 });
        a_second().await;
        assert_eq!(visitor.configure(false).await["body"]["readOnly"], read_only);
        assert_eq!(visitor.configure(true).await["body"]["readOnly"], false);
        assert_eq!(visitor.write("anew").await["code"], 200);
    }
}

#[tokio::test]
async fn a_visitor_clears_or_closes() {
    let world = World::start().await;
    let mut visitor = Visitor::connect(&world).await;
    visitor.configure(true).await;
    visitor.event("Join").await;
    visitor.event("Clear").await;
    assert_eq!(next(&mut visitor.socket).await["class"], "SessionClearedEvent");
    assert_eq!(next(&mut visitor.socket).await["class"], "ConnectionClosedEvent");
    assert!(visitor.socket.soon().await.is_err());
    assert_eq!(world.simulator.chats()[0].phase, Phase::Ended);

    let mut visitor = Visitor::connect(&world).await;
    visitor.configure(true).await;
    visitor.write("hello").await;
    let closed = visitor.ask("closeSession", json!({ "closeAllConnections": true })).await;
    assert_eq!(closed["class"], "ConnectionClosedEvent");
    assert_eq!(world.simulator.chats()[1].phase, Phase::Waiting);
}

#[tokio::test]
async fn errors_have_the_vendors_codes() {
    let world = World::with(|options| options.conversation_clear = false).await;
    let mut visitor = Visitor::connect(&world).await;
    assert_eq!(visitor.write("too early").await["code"], 4007);
    visitor.configure(true).await;
    assert_eq!(visitor.write(&"x".repeat(4_097)).await["code"], 4011);
    let large = json!({ "message": { "type": "Text", "text": "x", "channel": {
        "metadata": { "customAttributes": { "a": "b".repeat(3_000) } } } } });
    assert_eq!(visitor.ask("onMessage", large).await["code"], 4013);
    let rate = visitor.write("three in a second").await;
    assert_eq!((&rate["code"], &rate["body"]["errorCode"]), (&json!(429), &json!(4029)));
    a_second().await;
    visitor.event("Clear").await;
    assert_eq!(next(&mut visitor.socket).await["code"], 4000);
    assert_eq!(visitor.ask("onMessage", json!({ "message": {} })).await["code"], 4020);
    world.tool.expire_web_session(TOKEN);
    assert_eq!(next(&mut visitor.socket).await["class"], "SessionExpiredEvent");
    assert_eq!(visitor.write("too late").await["code"], 4006);
}

#[tokio::test]
async fn only_known_origins_and_deployments_connect() {
    let shop = "https://shop.test".to_owned();
    let world = World::with(|options| options.origins = vec![shop]).await;
    let mut visitor = Visitor::connect(&world).await;
    visitor.configure(true).await;
    let base = &world.simulator.base;
    let deployment = &world.tool.options().deployment_id;
    let good = format!("{base}/v1?deploymentId={deployment}&application=test");
    assert!(Socket::connect(&good, &[("origin", "https://evil.test")]).await.is_err());
    let unknown = format!("{base}/v1?deploymentId=unknown&application=test");
    assert!(Socket::connect(&unknown, &[("origin", "https://shop.test")]).await.is_err());

    let path = |id: &str| format!("{base}/webdeployments/v1/deployments/{id}/config.json");
    let config = world.http.get(&path(deployment), &[]).await.unwrap();
    let config: Value = config.expect(200).unwrap().json().unwrap();
    assert_eq!(config["status"], "Active");
    assert_eq!(world.http.get(&path("unknown"), &[]).await.unwrap().status.as_u16(), 404);
}
