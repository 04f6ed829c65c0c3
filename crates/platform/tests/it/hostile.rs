//! Hostile requests to a running platform: the platform does not fail, every refusal names the
//! fault, and the next caller is served as before.

use kit::hostile::{mutants, traps};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::world::{PUSH_KEY, World, says};

const PUSHES: [&str; 4] = [
    include_str!("../../../wire/examples/r1.push_message.json"),
    include_str!("../../../wire/examples/r1.push_pause.json"),
    include_str!("../../../wire/examples/r3.push_resume.json"),
    include_str!("../../../wire/examples/r3.push_typing.json"),
];

/// What every answer must be; whether it was one of success.
async fn judge(request: RequestBuilder, what: &[u8]) -> bool {
    let what = String::from_utf8_lossy(&what[..what.len().min(300)]).into_owned();
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert!(status < 500 && status != 408, "{status}: {what}");
    if status < 300 {
        return true;
    }
    let body: Value =
        answer.json().await.unwrap_or_else(|_| panic!("{status} without a body: {what}"));
    // The push endpoint has the contract's shape, the rest has ours.
    let (problem, id, words) = match body.get("error") {
        Some(error) => (error, "code", "message"),
        None => (&body, "id", "detail"),
    };
    let named = problem["field"].is_string() || problem[id] == "invalid_body" || status != 400;
    assert!(named && problem[words].is_string(), "{body} for {what}");
    false
}

#[tokio::test]
async fn no_push_is_fatal() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let mut bodies = traps();
    for good in PUSHES {
        let mut good: Value = serde_json::from_str(good).unwrap();
        let fields = good.as_object_mut().unwrap();
        fields.remove("accessToken");
        fields.insert("userId".to_owned(), visitor.user.clone().into());
        fields.insert("botId".to_owned(), "support".into());
        fields.insert("messageId".to_owned(), Value::Null);
        bodies.extend(mutants(&good));
    }
    let url = format!("{}{}", world.base, wire::push::PATH);
    let mut accepted = 0;
    for body in &bodies {
        let request = world.http.post(&url).body(body.clone());
        let stranger = request.try_clone().unwrap().send().await.unwrap().status().as_u16();
        assert!(matches!(stranger, 400 | 401), "{stranger}: a stranger learns nothing");
        let known = request.header("authorization", PUSH_KEY);
        accepted += usize::from(judge(known, body).await);
    }
    assert!(accepted > 50 && accepted < bodies.len() - 50, "{accepted} of {}", bodies.len());
    let resume = json!({ "eventType": "channel_update", "paused": false });
    assert_eq!(world.push(&visitor, resume).await.0, 200);
    visitor.say("still well?").await;
    visitor.until(says("echo: still well?")).await;
}

#[tokio::test]
async fn no_request_of_a_visitor_is_fatal() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let page = json!({ "url": "https://example.com", "ref": "r", "snippet": "s", "mobile": true });
    let message = json!({ "clientId": "c", "text": "hi", "parameters": {}, "page": page,
                          "webhookHeaders": { "x-token": "t" } });
    let event =
        json!({ "clientId": "e", "event": { "name": "HI", "parameters": {} }, "label": "Hi" });
    let new = json!({ "language": "en", "timeZone": "Europe/Vienna" });
    for (path, good) in [
        ("conversation/messages", message),
        ("conversation/messages", event),
        ("bots/support/visitors", new),
    ] {
        for body in traps().into_iter().chain(mutants(&good)) {
            let request = world.http.post(format!("{}/v1/{path}", world.base)).body(body.clone());
            judge(request.bearer_auth(&visitor.token), &body).await;
        }
    }
    visitor.at_rest().await;
    for (method, path) in [
        (Method::GET, "conversation/events?after=-1"),
        (Method::GET, "conversation/events?after=99999999999999999999"),
        (Method::GET, "conversation/events?after=18446744073709551615"),
        (Method::GET, "conversation/events?wait=soon"),
        (Method::GET, "conversation/stream"),
        (Method::POST, "bots/%00/visitors"),
        (Method::POST, "bots/%ff/visitors"),
        (Method::DELETE, "conversation/messages"),
        (Method::GET, "nothing"),
    ] {
        let url = format!("{}/v1/{path}", world.base);
        judge(world.http.request(method, url).bearer_auth(&visitor.token), path.as_bytes()).await;
    }
    for token in ["", "vst_", "vst_\u{fffd}", "usr_x", &"x".repeat(5_000)] {
        let url = format!("{}/v1/conversation/messages", world.base);
        let request = world.http.post(url).header("authorization", format!("Bearer {token}"));
        assert!(!judge(request, token.as_bytes()).await);
    }
    visitor.say("still well?").await;
    visitor.until(says("echo: still well?")).await;
}
