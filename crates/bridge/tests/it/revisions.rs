//! One endpoint and one kind of push for every revision; each test names its number of the
//! checklist (section 17) or of the ambiguities (section 13) of the contract.

use bridge::{KeyIn, RouteConfig};
use machine::chat::Event;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::world::{KEY, MINUTE, TOKEN, World, eventually, example, step_one, step_two};

fn two_tokens_and_a_header(route: &mut RouteConfig) {
    route.access.tokens.push(secret("the next token"));
    let name = "x-live-chat".parse().unwrap();
    route.access.header = Some((name, secret("of the header")));
}

fn secret(text: &str) -> edge::secrets::KnownSecret {
    secrecy::SecretString::from(text).into()
}

/// Checklist 16 and 17, 13.2, section 12: any of the places, old and new token, own header.
#[tokio::test]
async fn the_secret_is_found_wherever_a_platform_puts_it() {
    let world = World::start_changed(two_tokens_and_a_header).await;
    world.sign_in("jane").await;
    let body = |token: Option<&str>| {
        let mut body = step_one("u1");
        body["accessToken"] = json!(token);
        body
    };
    for (headers, token, status) in [
        (vec![("authorization", TOKEN)], None, 200),
        (vec![("authorization", "bearer the next token")], None, 200),
        (vec![], Some("the next token"), 200),
        (vec![], Some(TOKEN), 200),
        (vec![("x-live-chat", "of the header")], None, 200),
        (vec![("x-live-chat", "of the header"), ("authorization", "wrong")], Some("no"), 200),
        (vec![("x-live-chat", "wrong"), ("authorization", TOKEN)], None, 200),
        (vec![("x-live-chat", TOKEN)], None, 401),
        (vec![("authorization", "of the header")], None, 401),
        (vec![("x-live-chat", "")], Some(""), 401),
    ] {
        let (found, answer) = world.call(&headers, &body(token)).await;
        assert_eq!(found, status, "{headers:?} {token:?}: {answer}");
    }
}

/// Checklist 20, 13.7, 13.10 and 13.28: no session, no token in the body, no history, and nothing
/// depends on the platform of the bot or on a session that rolls over.
#[tokio::test]
async fn every_revision_calls_the_same_handler() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let header = [("authorization", TOKEN)];
    let mut opening = example("r3.step_one");
    opening["userId"] = json!("u1");
    opening["botId"] = json!("support");
    opening["messageHistory"] = json!([
        { "botPlatform": "DIALOGFLOWcx", "payload": { "queryParameters": { "query": "deep" } } },
        { "payload": { "event": { "name": "pressed" } } },
        { "botPlatform": 7, "payload": { "queryResult": { "responseMessages": [
            { "text": { "text": ["of CX"] } } ] } } },
        { "direction": "in", "payload": { "text": "an agent" } },
        { "payload": { "nothing": "known" } }, null, 7, [],
    ]);
    assert_eq!(world.call(&header, &opening).await.1["paused"], true);
    for (name, session) in
        [("r1.step_two", "s1"), ("r2.step_two", "s2"), ("r3.step_two", "s3"), ("r3.step_two", "s4")]
    {
        let mut body = example(name);
        body["userId"] = json!("u1");
        body["botId"] = json!("support");
        if body.get("sessionId").is_some() {
            body["sessionId"] = json!(session);
        }
        assert_eq!(world.call(&header, &body).await.1["paused"], true, "{name}");
        body.as_object_mut().unwrap().remove("accessToken");
        assert_eq!(world.call(&header, &body).await.1["paused"], true, "{name} as of r2.3");
    }
    let id = jane.open_chat_of("u1").await;
    assert_eq!(jane.events(&id).await.len(), 9, "one chat");
    let chat = jane.chat(&id).await;
    let transcript = chat["transcript"].as_array().unwrap();
    let told: Vec<_> = transcript
        .iter()
        .map(|l| format!("{}: {}", l["from"], l["text"]).replace('"', ""))
        .collect();
    assert_eq!(told, ["visitor: deep", "visitor: [pressed]", "bot: of CX", "agent: an agent"]);
}

/// 13.26: the platform says that the visitor left or that its pause ran out.
#[tokio::test]
async fn a_chat_that_the_platform_ended_is_over_and_says_why() {
    for (event, reason) in [("user_left", "visitor_left"), ("pause_expired", "pause_expired")] {
        let world = World::start().await;
        let (jane, id) = world.live_chat("u1").await;
        let call = json!({
            "userId": "u1", "botId": "support", "sessionId": "s", "eventType": event
        });
        assert_eq!(world.call(&[("authorization", "wrong")], &call).await.0, 401);
        for _ in 0..2 {
            assert_eq!(world.call(&[("authorization", TOKEN)], &call).await.0, 200);
        }
        let chat = jane.chat(&id).await;
        assert_eq!((&chat["status"], &chat["closeReason"]), (&json!("closed"), &json!(reason)));
        assert_eq!(jane.say(&id, "m1", "too late").await.1["id"], "closed");
        world.settled(&id).await;
        let pushed = world.platform.attempts();
        assert_eq!(pushed.len(), 2, "a resume, in case a new handover had overtaken the call");
        assert_eq!(pushed[1].body["paused"], false);
        let ended = json!({ "paused": false, "minutesPaused": 0 });
        assert_eq!(world.step_two("u1", "hello?").await, ended);
        // Somebody who was still waiting is gone for everybody at the desk.
        world.step_one("u2").await;
        let waiting = jane.open_chat_of("u2").await;
        let call = json!({ "userId": "u2", "botId": "support", "eventType": event });
        assert_eq!(world.call(&[("authorization", TOKEN)], &call).await.0, 200);
        let joe = world.sign_in("joe").await;
        assert_eq!(joe.chat(&waiting).await["closeReason"], reason);
    }
}

/// 13.26: what an agent said is still told, and must not leave the visitor paused.
#[tokio::test]
async fn what_was_said_before_the_visitor_left_is_pushed_and_then_ended() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    world.platform.script(|_| super::platform::Fate::Fail(503));
    jane.say(&id, "m1", "one moment").await;
    let call = json!({ "userId": "u1", "botId": "support", "eventType": "pause_expired" });
    assert_eq!(world.call(&[("authorization", TOKEN)], &call).await.0, 200);
    world.chat_when(&id, |chat| chat.owed().is_some_and(|owed| owed.attempts == 1)).await;
    world.platform.script(|_| super::platform::Fate::Accept);
    world.hand.advance(2_000);
    world.settled(&id).await;
    let taken = world.platform.taken();
    let pauses: Vec<_> = taken.iter().map(|push| push["paused"].clone()).collect();
    assert_eq!(pauses, [true, true, false]);
}

/// Section 8, for the middleware, with 13.3 and 13.5: what was answered late is confirmed.
#[tokio::test]
async fn an_answer_that_came_late_is_made_good_by_a_push() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    slow_call(&world, &step_one("u1"), 3_000).await;
    let id = jane.open_chat_of("u1").await;
    assert!(!world.journal(&id).await.iter().any(|event| matches!(event, Event::KeptAlive)));
    slow_call(&world, &step_two("u1", "are you there?"), 6_000).await;
    let attempts = world.platform.wait(|attempts| attempts.len() == 1).await;
    assert_eq!(attempts[0].body["eventType"], "channel_update");
    assert_eq!(
        (&attempts[0].body["paused"], &attempts[0].body["minutesPaused"]),
        (&json!(true), &json!(10))
    );
    world.settled(&id).await;
    slow_call(&world, &step_one("u2"), 6_000).await;
    world.platform.wait(|attempts| attempts.len() == 2).await;
}

/// A call whose body takes `ms` on the bridge's clock to arrive.
async fn slow_call(world: &World, body: &Value, ms: i64) {
    let body = body.to_string();
    let mut socket = TcpStream::connect(&world.host).await.unwrap();
    let head = format!(
        "POST /handover/desk HTTP/1.1\r\nHost: {}\r\nAuthorization: {TOKEN}\r\n\
         Connection: close\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        world.host,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    // It is told to go on once somebody waits for the body.
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        said.push(socket.read_u8().await.unwrap());
    }
    assert!(said.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&said));
    world.hand.advance(ms);
    socket.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("true"), "{answer}");
}

fn header_only(route: &mut RouteConfig) {
    route.push.key_in = KeyIn::HeaderBearer;
    route.push.resume_event = Some("survey".to_owned());
}

fn body_only(route: &mut RouteConfig) {
    route.push.key_in = KeyIn::Body;
}

fn bearer_too(route: &mut RouteConfig) {
    route.push.key_in = KeyIn::BothBearer;
}

/// Checklist 10 to 16, 13.1, 13.2, 13.8 and 13.12: pushes that every revision's platform takes,
/// and the ones for receivers that are strict about where the key is.
#[tokio::test]
async fn pushes_are_what_every_revision_takes() {
    let bearer = format!("Bearer {KEY}");
    for (change, authorization, in_body, event) in [
        ((|_| {}) as fn(&mut RouteConfig), KEY, Some(KEY), None),
        (header_only, &bearer, None, Some("survey")),
        (body_only, "", Some(KEY), None),
        (bearer_too, &bearer, Some(KEY), None),
    ] {
        let world = World::start_changed(change).await;
        let (jane, id) = world.live_chat("u1").await;
        jane.post(&format!("chats/{id}/typing"), json!({})).await;
        world.platform.wait(|attempts| attempts.len() == 2).await;
        jane.say(&id, "m1", "hello").await;
        world.settled(&id).await;
        jane.post(&format!("chats/{id}/close"), json!({})).await;
        world.settled(&id).await;
        let attempts = world.platform.attempts();
        let types: Vec<_> = attempts.iter().map(|a| a.body["eventType"].clone()).collect();
        assert_eq!(types, ["channel_update", "user_typing", "message", "channel_update"]);
        for (n, attempt) in attempts.iter().enumerate() {
            assert_eq!(attempt.authorization, authorization);
            assert_eq!(attempt.body.get("accessToken"), in_body.map(|key| json!(key)).as_ref());
            assert_eq!(attempt.headers["content-type"], "application/json");
            assert_eq!(attempt.body["agentProfile"]["name"], "Jane Doe");
            assert!(wire::push::Push::parse(&attempt.raw).is_ok());
            let resumes = n == 3;
            assert_eq!(attempt.body["paused"], !resumes);
            assert_eq!(attempt.body["minutesPaused"].as_f64(), (!resumes).then_some(10.0));
            let told = attempt.body.get("unpauseChatEvent");
            assert_eq!(told, event.filter(|_| resumes).map(|event| json!(event)).as_ref());
        }
    }
}

/// Checklist 14: who types on is shown on, because it is told again before ten seconds are over.
#[tokio::test]
async fn typing_is_told_again_in_time() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    for n in 0..4 {
        jane.post(&format!("chats/{id}/typing"), json!({})).await;
        world.platform.wait(|attempts| attempts.len() == 2 + n).await;
        world.hand.advance(9_000);
    }
}

/// Checklist 14, the other way: the agent sees that the visitor types, and it ends by itself.
#[tokio::test]
async fn the_agent_sees_the_visitor_type() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let mut screen = jane.stream().await.unwrap();
    screen.send(json!({ "watch": id, "after": 0 })).await;
    screen.next_of("event").await;
    let call = json!({
        "userId": "u1", "botId": "support", "sessionId": "s", "eventType": "user_typing"
    });
    assert_eq!(world.call(&[("authorization", TOKEN)], &call).await.0, 200);
    let typing = screen.next_of("typing").await;
    assert_eq!((&typing["chat"], typing["until"].is_string()), (&json!(id), true));
    assert_eq!(world.journal(&id).await.len(), 3, "it is passed on and not kept");
}

/// Checklist 6 and 13.11, as the middleware does it: every accepted push renews the pause.
#[tokio::test]
async fn a_chat_stays_paused_for_as_long_as_it_lasts() {
    let world = World::start().await;
    let (_, id) = world.live_chat("u1").await;
    for n in 1..4 {
        world.hand.advance(9 * MINUTE);
        let attempts = world.platform.wait(|attempts| attempts.len() > n).await;
        assert_eq!(attempts[n].body["paused"], true);
        eventually(async || world.ledger.load(&id).await.unwrap().filter(|chat| !owes(chat))).await;
    }
}

fn owes(chat: &machine::chat::Chat) -> bool {
    machine::Machine::owes(chat)
}
