//! The desk's stream: the queue as it changes, chats from any point on, and its end.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::world::{TOKEN, World, example};

#[tokio::test]
async fn f6_only_the_desks_own_page_may_listen() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let own = world.url.as_str();
    for origin in [
        None,
        Some("null"),
        Some("http://evil.example.com"),
        Some(&format!("{own}.evil.com")),
        Some(&format!("{own}/")),
        Some("http://127.0.0.1"),
    ] {
        assert_eq!(jane.stream_from(origin).await.err(), Some(403), "{origin:?}");
    }
    assert!(jane.stream().await.is_ok());
}

#[tokio::test]
async fn the_queue_is_told_at_once_and_whenever_it_changes() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let mut socket = jane.stream().await.ok().unwrap();
    assert_eq!(socket.next().await.unwrap(), json!({ "type": "chats", "chats": [] }));
    world.step_one("u1").await;
    let frame = socket.next_of("chats").await;
    assert_eq!(frame["chats"][0]["status"], "queued");
    let id = frame["chats"][0]["id"].as_str().unwrap().to_owned();
    let joe = world.sign_in("joe").await;
    joe.post(&format!("chats/{id}/claim"), json!({})).await;
    let claimed = until(&mut socket, |chat| chat["status"] == "live").await;
    assert_eq!(claimed["agent"]["name"], "Joe Bloggs");
    joe.post(&format!("chats/{id}/close"), json!({})).await;
    loop {
        if socket.next_of("chats").await["chats"].as_array().unwrap().is_empty() {
            break;
        }
    }
    let mut socket = joe.stream().await.ok().unwrap();
    assert_eq!(socket.next_of("chats").await["chats"][0]["closeReason"], "agent_closed");
}

/// The first chat of the next frame for which `wanted` holds.
async fn until(socket: &mut super::page::Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let frame = socket.next_of("chats").await;
        if let Some(chat) = frame["chats"].as_array().unwrap().iter().find(|chat| wanted(chat)) {
            return chat.clone();
        }
    }
}

#[tokio::test]
async fn a_watched_chat_is_told_from_the_cursor_on_and_then_live() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    for n in 3..=250 {
        world.step_two("u1", &format!("{n}")).await;
    }
    let mut socket = jane.stream().await.ok().unwrap();
    socket.send(json!({ "watch": id, "after": 4 })).await;
    for seq in 5..=250 {
        let frame = socket.next_of("event").await;
        assert_eq!(frame["chat"], id.as_str());
        assert_eq!(frame["event"]["seq"], seq);
        assert_eq!(frame["event"]["text"], format!("{seq}"));
    }
    world.step_two("u1", "live").await;
    assert_eq!(socket.next_of("event").await["event"]["text"], "live");
    jane.say(&id, "m1", "my own").await;
    let event = socket.next_of("event").await["event"].clone();
    assert_eq!((&event["type"], &event["clientId"]), (&json!("agent_message"), &json!("m1")));
    // Watching again starts over; a second chat comes beside it.
    socket.send(json!({ "watch": id, "after": 251 })).await;
    assert_eq!(socket.next_of("event").await["event"]["seq"], 252);
    world.step_one("u2").await;
    let other = jane.open_chat_of("u2").await;
    socket.send(json!({ "watch": other })).await;
    assert_eq!(socket.next_of("event").await["chat"], other.as_str());
    // What is not watched any more is silent.
    socket.send(json!({ "unwatch": id })).await;
    socket.send(json!({ "watch": other, "after": 0 })).await;
    assert_eq!(socket.next_of("event").await["chat"], other.as_str());
    world.step_two("u1", "nobody listens").await;
    world.step_two("u2", "somebody does").await;
    let frame = socket.next_of("event").await;
    assert_eq!((&frame["chat"], &frame["event"]["seq"]), (&json!(other), &json!(2)));
}

#[tokio::test]
async fn the_visitors_typing_is_seen_while_it_lasts() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let mut socket = jane.stream().await.ok().unwrap();
    socket.send(json!({ "watch": id, "after": 1 })).await;
    assert_eq!(socket.next_of("event").await["event"]["type"], "claimed");
    let mut body = example("r3.typing_call");
    body["userId"] = json!("u1");
    body["botId"] = json!("support");
    assert_eq!(world.call(&[("authorization", TOKEN)], &body).await.0, 200);
    let frame = socket.next_of("typing").await;
    let expected = json!({ "type": "typing", "chat": id, "until": "2026-11-22T10:00:10.000Z" });
    assert_eq!(frame, expected);
    assert_eq!(world.journal(&id).await.len(), 3, "nothing of it is stored");
    // Typing of somebody who has no chat is nobody's business.
    body["userId"] = json!("u9");
    assert_eq!(world.call(&[("authorization", TOKEN)], &body).await.0, 200);
    assert_eq!(world.call(&[], &body).await.0, 401);
}

#[tokio::test]
async fn what_an_agent_may_not_see_is_not_told() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    jane.say(&id, "m1", "canary").await;
    jane.post(&format!("chats/{id}/close"), json!({})).await;
    let joe = world.sign_in("joe").await;
    let mut socket = joe.stream().await.ok().unwrap();
    socket.send(json!({ "watch": id })).await;
    socket.send(json!({ "watch": "cht_doesnotexist" })).await;
    world.step_one("u2").await;
    let other = joe.open_chat_of("u2").await;
    socket.send(json!({ "watch": other })).await;
    loop {
        let frame = socket.next().await.unwrap();
        assert!(!frame.to_string().contains("canary"), "{frame}");
        if frame["type"] == "event" {
            assert_eq!(frame["chat"], other.as_str());
            break;
        }
    }
}

#[tokio::test]
async fn f4_signing_out_ends_the_streams_of_that_session_only_within_five_seconds() {
    let world = World::start().await;
    let (one, two) = (world.sign_in("jane").await, world.sign_in("jane").await);
    let mut ended = one.stream().await.ok().unwrap();
    let mut going_on = two.stream().await.ok().unwrap();
    let at = std::time::Instant::now();
    assert_eq!(one.delete("session").await.0, 204);
    assert_eq!(ended.closed().await, 4401);
    assert!(at.elapsed().as_secs() < 5);
    assert_eq!(one.stream().await.err(), Some(401));
    going_on.next_of("chats").await;
    two.get("session").await;
    world.step_one("u1").await;
    assert_eq!(going_on.next_of("chats").await["chats"][0]["status"], "queued");
}

#[tokio::test]
async fn stopping_says_so() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let mut socket = jane.stream().await.ok().unwrap();
    socket.next_of("chats").await;
    let (code, _world) = tokio::join!(socket.closed(), world.restart());
    assert_eq!(code, 1001);
}

#[tokio::test]
async fn nonsense_ends_the_stream() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    for (message, code) in [
        (Message::text("{"), 1007),
        (Message::text(r#"{"watch":7}"#), 1007),
        (Message::binary(vec![1, 2, 3]), 1003),
    ] {
        let mut socket = jane.stream().await.ok().unwrap();
        socket.send_raw(message).await;
        assert_eq!(socket.closed().await, code);
    }
    let mut socket = jane.stream().await.ok().unwrap();
    let large = format!(r#"{{"watch":"{}"}}"#, "x".repeat(70 * 1024));
    socket.send_raw(Message::text(large)).await;
    socket.closed().await;
    let mut socket = jane.stream().await.ok().unwrap();
    for _ in 0..600 {
        socket.send(json!({ "unwatch": "cht_1" })).await;
    }
    assert_eq!(socket.closed().await, 1008);
}

#[tokio::test]
async fn j4_a_page_that_floods_is_closed_and_one_that_works_is_not() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let mut busy = jane.stream().await.ok().unwrap();
    for n in 0..100 {
        busy.send(json!({ "watch": format!("cht_{n:032}"), "after": 1_000_000 })).await;
        busy.send_raw(Message::Ping(bytes::Bytes::new())).await;
    }
    world.step_one("u1").await;
    busy.next_of("chats").await;
    let mut flood = jane.stream().await.ok().unwrap();
    for _ in 0..600 {
        flood.send_raw(Message::Ping(bytes::Bytes::new())).await;
    }
    assert_eq!(flood.closed().await, 1008);
}

#[tokio::test]
async fn an_agent_has_so_many_streams_at_once() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(jane.stream().await.ok().unwrap());
    }
    assert_eq!(jane.stream().await.err(), Some(429));
    assert!(world.sign_in("joe").await.stream().await.is_ok());
    drop(open.pop());
    super::world::eventually(async || jane.stream().await.ok()).await;
}
