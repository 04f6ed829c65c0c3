//! The desk API: who may do what, and who wins.

use std::str::FromStr as _;

use edge::base_path::BasePath;
use machine::chat::Event;
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{
    page::Page,
    platform::Fate,
    world::{MINUTE, World, answer},
};

/// Every call of the desk API that needs a session.
fn calls(chat: &str) -> Vec<(Method, String)> {
    vec![
        (Method::GET, "session".to_owned()),
        (Method::DELETE, "session".to_owned()),
        (Method::PUT, "availability".to_owned()),
        (Method::GET, "chats".to_owned()),
        (Method::GET, format!("chats/{chat}")),
        (Method::GET, format!("chats/{chat}/events")),
        (Method::POST, format!("chats/{chat}/claim")),
        (Method::POST, format!("chats/{chat}/messages")),
        (Method::POST, format!("chats/{chat}/typing")),
        (Method::POST, format!("chats/{chat}/close")),
    ]
}

fn body_for(path: &str) -> Value {
    if path.ends_with("messages") {
        json!({ "clientId": "m1", "text": "hello" })
    } else {
        json!({ "available": true })
    }
}

#[tokio::test]
async fn f4_nothing_is_open_to_strangers_and_sessions_end_by_idleness_and_by_age() {
    let world = World::start().await;
    let (mut jane, id) = world.live_chat("u1").await;
    for cookie in ["x=y", "baton_desk=", "baton_desk=dsk_guess", "other_baton_desk=x"] {
        let mut stranger = Page::stranger(&world);
        cookie.clone_into(&mut stranger.cookie);
        for (method, path) in calls(&id) {
            let request = stranger.request(method.clone(), &path).json(&body_for(&path));
            let (status, problem) = answer(request.send().await.unwrap()).await;
            assert_eq!(status, 401, "{method} {path}");
            assert_eq!(problem["id"], "unauthorized");
        }
        assert_eq!(stranger.stream().await.err(), Some(401));
    }
    assert_eq!(jane.get("session").await.0, 200);
    // A session is over after two hours without a sign of life, and when it is signed out.
    world.hand.advance(119 * MINUTE);
    assert_eq!(jane.get("session").await.0, 200);
    world.hand.advance(121 * MINUTE);
    assert_eq!(jane.get("session").await.0, 401);
    jane = world.sign_in("jane").await;
    assert_eq!(world.step_one("u2").await["paused"], true);
    assert_eq!(jane.delete("session").await.0, 204);
    assert_eq!(jane.get("session").await.0, 401);
    assert_eq!(world.step_one("u3").await["paused"], false, "who signed out is not there");
    // However busy, it is over after twelve hours.
    jane = world.sign_in("jane").await;
    for _ in 0..11 {
        world.hand.advance(60 * MINUTE);
        assert_eq!(jane.get("session").await.0, 200);
    }
    world.hand.advance(60 * MINUTE);
    assert_eq!(jane.get("session").await.0, 401);
}

#[tokio::test]
async fn other_sites_can_change_nothing() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let mut all = calls(&id);
    all.push((Method::POST, "session".to_owned()));
    for (method, path) in all {
        if method == Method::GET {
            continue;
        }
        let body = body_for(&path);
        let bare = || jane.bare(method.clone(), &path).json(&body);
        let own = world.url.as_str();
        let attempts = [
            bare(),
            bare().header("x-baton-desk", "0").header("origin", own),
            bare().header("origin", own),
            bare().header("x-baton-desk", "1").header("origin", "http://evil.example.com"),
            bare().header("x-baton-desk", "1").header("origin", "null"),
            bare().header("x-baton-desk", "1").header("origin", format!("{own}.evil.com")),
        ];
        for attempt in attempts {
            let (status, problem) = answer(attempt.send().await.unwrap()).await;
            assert_eq!((status, &problem["id"]), (403, &json!("forbidden")), "{method} {path}");
        }
    }
    // No origin at all is no browser, and the header is enough.
    let request = jane.bare(Method::PUT, "availability").header("x-baton-desk", "1");
    let request = request.json(&json!({ "available": true }));
    assert_eq!(request.send().await.unwrap().status(), 204);
    assert_eq!(jane.events(&id).await.len(), 2, "nothing happened");
}

#[tokio::test]
async fn f4_signing_in_gives_a_cookie_that_scripts_cannot_read() {
    let world = World::start().await;
    let stranger = Page::stranger(&world);
    let body = json!({ "email": " Jane@Example.com ", "password": "jane's password" });
    let request = || stranger.request(Method::POST, "session").json(&body);
    let response = request().send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("baton_desk=dsk_"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("Path="), "the folder of the API, below any path: {cookie}");
    let expected = json!({
        "agent": { "email": "jane@example.com", "name": "Jane Doe", "avatarUrl": "" },
        "available": true
    });
    assert_eq!(answer(response).await, (200, expected));
    let response = request().header("x-forwarded-proto", "https").send().await.unwrap();
    let secure = response.headers()["set-cookie"].to_str().unwrap();
    assert!(secure.starts_with("__Host-baton_desk=dsk_"), "{secure}");
    assert!(secure.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{secure}");
    let base = BasePath::from_str("/support-chat").unwrap().before(world.router.clone());
    let body = serde_json::to_vec(&body).unwrap();
    let signing_in = http::Request::post("/support-chat/desk/api/session")
        .header("x-baton-desk", "1")
        .header("x-forwarded-proto", "https")
        .body(axum::body::Body::from(body));
    let response = base.oneshot(signing_in.unwrap()).await.unwrap();
    let below = response.headers()["set-cookie"].to_str().unwrap();
    assert!(below.starts_with("__Secure-baton_desk=dsk_"), "{below}");
    assert!(below.ends_with("; Secure; HttpOnly; SameSite=Strict"), "{below}");
    assert!(!below.contains("Path="), "{below}");

    for (email, password) in [
        ("jane@example.com", "joe's password"),
        ("jane@example.com", ""),
        ("nobody@example.com", "jane's password"),
    ] {
        let body = json!({ "email": email, "password": password });
        let (status, problem) = stranger.post("session", body).await;
        let expected =
            if password.is_empty() { (400, "invalid_field") } else { (401, "unauthorized") };
        assert_eq!((status, problem["id"].as_str().unwrap()), expected);
    }
}

#[tokio::test]
async fn a_changed_answer_to_what_is_not_there_would_tell_that_it_is() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let joe = world.sign_in("joe").await;
    jane.post(&format!("chats/{id}/close"), json!({})).await;
    world.settled(&id).await;
    for (method, path) in calls("cht_doesnotexist").into_iter().skip(4) {
        let request = |id: &str| {
            let path = path.replace("cht_doesnotexist", id);
            joe.request(method.clone(), &path).json(&body_for(&path)).send()
        };
        let without_id = |(status, mut body): (u16, Value)| {
            body.as_object_mut().unwrap().remove("requestId").expect("every error has one");
            (status, body)
        };
        let missing = without_id(answer(request("cht_doesnotexist").await.unwrap()).await);
        assert_eq!((missing.0, &missing.1["id"]), (404, &json!("not_found")), "{method} {path}");
        let foreign = without_id(answer(request(&id).await.unwrap()).await);
        assert_eq!(foreign, missing, "{method} {path}");
    }
    assert!(joe.chats().await.is_empty());
    let chats = jane.chats().await;
    assert_eq!(chats[0]["id"], id.as_str());
    assert_eq!(chats[0]["closeReason"], "agent_closed");
    assert_eq!(jane.events(&id).await.last().unwrap()["agent"]["name"], "Jane Doe");
    world.hand.advance(60 * MINUTE);
    assert!(jane.chats().await.is_empty(), "listed for an hour");
    assert_eq!(jane.chat(&id).await["status"], "closed", "and found after it");
}

#[tokio::test]
async fn a_closed_chat_stays_hidden_however_much_the_platform_refuses() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let joe = world.sign_in("joe").await;
    world.platform.script(|_| Fate::Fail(503));
    for n in 0..120 {
        assert_eq!(jane.say(&id, &format!("m{n}"), "hello").await.0, 202);
    }
    assert_eq!(jane.post(&format!("chats/{id}/close"), json!({})).await.0, 204);
    world.chat_when(&id, |chat| chat.owed().is_some_and(|owed| owed.attempts == 1)).await;
    world.platform.script(|_| Fate::Fail(404));
    world.hand.advance(2_000);
    world.settled(&id).await;
    let journal = world.journal(&id).await;
    let is_refusal = |event: &&Event| matches!(event, Event::Refused { .. });
    let refused = journal.iter().rev().take_while(is_refusal).count();
    assert_eq!(refused, 121, "all of them after the end");
    assert_eq!(jane.chat(&id).await["agent"]["name"], "Jane Doe");
    assert_eq!(joe.get(&format!("chats/{id}")).await.0, 404);
}

#[tokio::test]
async fn of_two_hundred_races_each_has_one_winner() {
    let world = World::start().await;
    let (jane, joe) = (world.sign_in("jane").await, world.sign_in("joe").await);
    let mut wins = [0, 0];
    for n in 0..200 {
        let user = format!("u{n}");
        world.step_one(&user).await;
        let id = jane.open_chat_of(&user).await;
        let path = format!("chats/{id}/claim");
        let (first, second) = if n % 2 == 0 {
            tokio::join!(jane.post(&path, json!({})), joe.post(&path, json!({})))
        } else {
            let (second, first) =
                tokio::join!(joe.post(&path, json!({})), jane.post(&path, json!({})));
            (first, second)
        };
        let (winner, loser) = match (first.0, second.0) {
            (200, 409) => (0, second.1),
            (409, 200) => (1, first.1),
            other => panic!("race {n}: {other:?}"),
        };
        wins[winner] += 1;
        let name = ["Jane Doe", "Joe Bloggs"][winner];
        assert_eq!(loser["id"], "taken");
        assert_eq!(loser["agent"]["name"], name);
        assert_eq!(loser["detail"], format!("{name} has this chat."));
        let claims = jane.events(&id).await;
        let claims = claims.iter().filter(|event| event["type"] == "claimed").count();
        assert_eq!(claims, 1);
        let closer = [&jane, &joe][winner];
        assert_eq!(closer.post(&format!("chats/{id}/close"), json!({})).await.0, 204);
    }
    assert!(wins[0] > 0 && wins[1] > 0, "no race at all: {wins:?}");
}

#[tokio::test]
async fn a_chat_belongs_to_one_agent() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let joe = world.sign_in("joe").await;
    world.step_one("u1").await;
    let id = jane.open_chat_of("u1").await;
    assert_eq!(jane.say(&id, "m1", "hello").await.1["id"], "not_claimed");
    assert_eq!(jane.post(&format!("chats/{id}/close"), json!({})).await.1["id"], "not_claimed");
    let (status, chat) = jane.post(&format!("chats/{id}/claim"), json!({})).await;
    assert_eq!((status, &chat["status"]), (200, &json!("live")));
    assert_eq!(chat["agent"]["email"], "jane@example.com");
    assert_eq!(jane.post(&format!("chats/{id}/claim"), json!({})).await.0, 200, "still hers");
    for (status, problem) in [
        joe.say(&id, "m1", "hello").await,
        joe.post(&format!("chats/{id}/close"), json!({})).await,
        joe.post(&format!("chats/{id}/claim"), json!({})).await,
    ] {
        assert_eq!((status, &problem["id"]), (409, &json!("taken")));
        assert_eq!(problem["agent"]["name"], "Jane Doe");
    }
    assert_eq!(joe.chats().await[0]["agent"]["name"], "Jane Doe", "and all see whose it is");
}

#[tokio::test]
async fn bodies_that_are_wrong_are_told_where() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let messages = format!("chats/{id}/messages");
    for (path, body, field) in [
        (messages.as_str(), json!({ "text": "hi" }), "clientId"),
        (&messages, json!({ "clientId": "m1" }), "text"),
        (&messages, json!({ "clientId": "m1", "text": "  " }), "text"),
        (&messages, json!({ "clientId": "m1", "text": "x".repeat(4_001) }), "text"),
        (&messages, json!({ "clientId": "x".repeat(129), "text": "hi" }), "clientId"),
        (&messages, json!({ "clientId": 1, "text": "hi" }), "clientId"),
        ("session", json!({ "password": "x" }), "email"),
        ("session", json!({ "email": "x" }), "password"),
    ] {
        let (status, problem) = jane.post(path, body.clone()).await;
        assert_eq!((status, &problem["field"]), (400, &json!(field)), "{body}");
    }
    for body in [json!({}), json!({ "available": "yes" })] {
        let (status, problem) = jane.put("availability", body).await;
        assert_eq!((status, &problem["field"]), (400, &json!("available")));
    }
    let large = json!({ "clientId": "m1", "text": "x".repeat(300 * 1024) });
    assert_eq!(jane.post(&messages, large).await.0, 413);
    let request = jane.request(Method::POST, &messages).body("{");
    assert_eq!(answer(request.send().await.unwrap()).await.1["id"], "invalid_body");
    let (status, problem) = jane.get(&format!("chats/{id}/events?after=x")).await;
    assert_eq!((status, &problem["field"]), (400, &json!("after")));
}

#[tokio::test]
async fn the_queue_shows_who_waits_longest_first_and_pages_go_on_where_they_ended() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    for user in ["late", "later", "latest"] {
        world.step_one(user).await;
        world.hand.advance(1_000);
    }
    let chats = jane.chats().await;
    let users: Vec<_> = chats.iter().map(|chat| chat["visitor"]["userId"].clone()).collect();
    assert_eq!(users, [json!("late"), json!("later"), json!("latest")]);
    let id = chats[0]["id"].as_str().unwrap();
    for n in 0..250 {
        world.step_two("late", &format!("{n}")).await;
    }
    let (_, page) = jane.get(&format!("chats/{id}/events?after=0")).await;
    assert_eq!((page["events"].as_array().unwrap().len(), &page["next"]), (200, &json!(200)));
    let (_, page) = jane.get(&format!("chats/{id}/events?after=200")).await;
    assert_eq!((page["events"].as_array().unwrap().len(), &page["next"]), (51, &json!(251)));
    let (_, page) = jane.get(&format!("chats/{id}/events?after=251")).await;
    assert_eq!(page, json!({ "events": [], "next": 251 }));
}

#[tokio::test]
async fn agents_go_on_as_they_were_after_a_restart() {
    let mut world = World::start().await;
    let cookie = world.sign_in("jane").await.cookie;
    let away = world.sign_in("joe").await;
    away.put("availability", json!({ "available": false })).await;
    world = world.restart().await;
    let mut jane = Page::stranger(&world);
    jane.cookie = cookie;
    let paused = world.step_one("u1").await["paused"].clone();
    assert_eq!(paused, true, "pages that are coming back are still there");
    assert_eq!(jane.get("session").await.1["available"], true);
    assert_eq!(world.step_one("u2").await["paused"], true);
    let mut joe = Page::stranger(&world);
    joe.cookie = away.cookie;
    assert_eq!(joe.get("session").await.1["available"], false);
    world.hand.advance(MINUTE);
    joe.get("session").await;
    assert_eq!(world.step_one("u3").await, json!({ "paused": false }), "and the other is gone");
}
