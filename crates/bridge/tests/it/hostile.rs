//! Requests nobody means well with, over the running bridge: no failure on our side, every refusal
//! names what is wrong, and whoever comes next is served as before.

use kit::hostile::{mutants, traps};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    page::Page,
    world::{TOKEN, World, example, step_two},
};

/// What every answer must be; whether it was one of success.
pub(crate) async fn judge(response: reqwest::Response, what: &[u8]) -> bool {
    let what = String::from_utf8_lossy(&what[..what.len().min(300)]).into_owned();
    let status = response.status();
    assert!(!status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT, "{status}: {what}");
    let body = response.bytes().await.unwrap();
    if status.is_success() {
        return true;
    }
    assert!(status.is_client_error(), "{status}: {what}");
    let problem: Value = serde_json::from_slice(&body).unwrap_or_else(|_| {
        panic!("{status} without a problem for {what}: {}", String::from_utf8_lossy(&body))
    });
    let of_body = problem["id"] == "invalid_body";
    let named = problem["field"].is_string() || of_body || status != StatusCode::BAD_REQUEST;
    assert!(named && problem["detail"].is_string(), "{problem} for {what}");
    false
}

#[tokio::test]
async fn no_call_of_the_webhook_is_fatal() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let mut bodies = traps();
    for name in ["r1.step_one", "r3.step_two", "r3.typing_call"] {
        let mut good = example(name);
        if let Some(response) = good.pointer_mut("/dialogflowResponse/queryResult/intent") {
            *response = json!({ "displayName": "Human" });
        }
        if let Some(good) = good.as_object_mut() {
            good.remove("accessToken");
        }
        bodies.extend(mutants(&good));
    }
    let url = format!("{}/handover/desk", world.url);
    let mut accepted = 0;
    for body in &bodies {
        let request = world.http.post(&url).header("authorization", TOKEN).body(body.clone());
        accepted += usize::from(judge(request.send().await.unwrap(), body).await);
        let stranger = world.http.post(&url).body(body.clone()).send().await.unwrap();
        assert_eq!(stranger.status(), 401, "a stranger learns nothing");
    }
    assert!(accepted > 50 && accepted < bodies.len() - 50, "{accepted} of {}", bodies.len());
    for headers in [
        [("idempotency-key", "x".repeat(5_000))],
        [("webhook-id", " ".to_owned())],
        [("webhook-signature", "v1,".to_owned())],
        [("content-type", "text/plain; charset=\"".to_owned())],
    ] {
        let [(name, value)] = headers;
        let body = step_two("u9", "hi").to_string();
        let request = world.http.post(&url).header("authorization", TOKEN).header(name, value);
        assert!(judge(request.body(body.clone()).send().await.unwrap(), body.as_bytes()).await);
    }
    assert_eq!(world.step_one("afterwards").await["paused"], true);
    let id = jane.open_chat_of("afterwards").await;
    assert_eq!(world.step_two("afterwards", "still well").await["paused"], true);
    assert_eq!(jane.events(&id).await.len(), 2);
}

#[tokio::test]
async fn no_request_at_the_desk_is_fatal() {
    let world = World::start().await;
    let (jane, id) = world.live_chat("u1").await;
    let message = json!({ "clientId": "m1", "text": "hello" });
    let available = json!({ "available": true });
    let targets = [
        (Method::POST, format!("chats/{id}/messages"), message),
        (Method::PUT, "availability".to_owned(), available),
    ];
    for (method, path, good) in targets {
        for body in traps().into_iter().chain(mutants(&good)) {
            let request = jane.request(method.clone(), &path).body(body.clone());
            let request = request.header("content-type", "application/json");
            judge(request.send().await.unwrap(), &body).await;
        }
    }
    for path in [
        "chats/%00",
        "chats/%ff",
        "chats/..%2f..",
        "chats/%F0%9F%92%A9",
        "chats/cht_/events",
        "chats/x/events?after=-1",
        "chats/x/events?after=99999999999999999999",
        "chats//claim",
    ] {
        let answer = jane.request(Method::GET, path).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
    }
    let long = format!("chats/{}", "x".repeat(7_000));
    assert!(jane.request(Method::GET, &long).send().await.unwrap().status().is_client_error());
    let page = format!("chats/{id}/events?after={}", u64::MAX);
    assert!(jane.request(Method::GET, &page).send().await.unwrap().status().as_u16() < 500);
    world.settled(&id).await;
    let (status, _) = jane.say(&id, "afterwards", "still well").await;
    assert_eq!(status, 202);
    world.settled(&id).await;
    assert!(world.platform.texts().contains(&"still well".to_owned()));
}

#[tokio::test]
async fn no_sign_in_is_fatal() {
    let world = World::start().await;
    let stranger = Page::stranger(&world);
    let good = json!({ "email": "jane@example.com", "password": "wrong" });
    for body in traps().into_iter().chain(mutants(&good)) {
        let request = stranger.request(Method::POST, "session").body(body.clone());
        let request = request.header("content-type", "application/json");
        let signed_in = judge(request.send().await.unwrap(), &body).await;
        assert!(!signed_in, "{}", String::from_utf8_lossy(&body));
    }
    world.hand.advance(3_600_000);
    world.sign_in("jane").await;
}
