//! C4: a bot that is missing from the configuration makes its visitors wait, and their tokens stay
//! good.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Visitor, World, config, says};

const ROUTES: [(&str, &str); 4] = [
    ("POST", "/v1/conversation/messages"),
    ("POST", "/v1/conversation/typing"),
    ("POST", "/v1/conversation/end"),
    ("GET", "/v1/conversation/events?after=0"),
];

async fn ask(
    world: &World,
    (method, path): (&str, &str),
    token: &str,
) -> (u16, Option<String>, Value) {
    let request = world.http.request(method.parse().unwrap(), format!("{}{path}", world.base));
    let request = request.bearer_auth(token).json(&json!({ "clientId": "c", "text": "hello" }));
    let answer = request.send().await.unwrap();
    let retry = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), retry, answer.json().await.unwrap())
}

/// The code with which the stream is closed.
async fn stream_code(world: &World, token: &str) -> u16 {
    let url = format!("{}/v1/conversation/stream", world.base.replace("http", "ws"));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    socket.send(Message::text(json!({ "token": token, "after": 0 }).to_string())).await.unwrap();
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
        other => panic!("not closed: {other:?}"),
    }
}

fn kept(visitor: &Visitor) -> (String, String, String) {
    (visitor.user.clone(), visitor.conversation.clone(), visitor.token.clone())
}

#[tokio::test]
async fn a_bot_missing_from_the_configuration_is_no_wrong_token() {
    let mut configured = Vec::new();
    let world = World::with(|bot, bridge| {
        let of = |id| config(bot, &bridge.url, id, "script");
        configured = vec![of("support"), of("other")];
        configured.clone()
    })
    .await;
    let visitor = world.visitor().await;
    let (user, conversation, token) = kept(&visitor);
    drop(visitor);

    let world = world.restart_with(vec![configured[1].clone()]).await;
    let wrong = format!("{}{}", &token[..token.len() - 52], "0".repeat(52));
    for route in ROUTES {
        let (status, retry, problem) = ask(&world, route, &token).await;
        assert_eq!((status, &problem["id"]), (503, &json!("unavailable")), "{route:?}");
        assert_eq!(retry.as_deref(), Some("10"));
        assert!(problem["detail"].as_str().unwrap().contains("missing from the server's config"));
        assert_eq!(ask(&world, route, &wrong).await.0, 401, "{route:?}");
    }
    assert_eq!(stream_code(&world, &token).await, 1013);
    assert_eq!(stream_code(&world, &wrong).await, 4401);

    let world = world.restart_with(configured).await;
    let mut visitor = world.visitor().await;
    (visitor.user, visitor.conversation, visitor.token) = (user, conversation, token);
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
}
