use std::time::Duration;

use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::get};
use edge::{
    clock::ManualClock,
    egress::{Egress, Target},
};
use parking_lot::Mutex as Lock;
use serde_json::json;

use super::*;

/// A token endpoint and an API in one, which accepts the latest token only.
#[derive(Clone)]
struct Tool(Arc<Lock<Facts>>);

struct Facts {
    granted: u32,
    asked: u32,
    served: u32,
    answer: (u16, Value),
}

async fn start(answer: Value) -> (Tool, OAuthClient, PacedClient, ManualClock) {
    let facts = Facts { granted: 0, asked: 0, served: 0, answer: (200, answer) };
    let tool = Tool(Arc::new(Lock::new(facts)));
    let routes = Router::new()
        .route("/token", get(grant))
        .route("/api", get(serve))
        .with_state(tool.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let client = || {
        let base = Target::parse(&base, true).unwrap();
        PacedClient::new(Egress::new().unwrap(), base)
    };
    let (clock, hand) = Clock::manual(1_000_000);
    let oauth = OAuthClient::new(Arc::new(client()), Request::get("token"), clock);
    (tool, oauth, client(), hand)
}

async fn grant(State(tool): State<Tool>) -> (StatusCode, Json<Value>) {
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut facts = tool.0.lock();
    facts.asked += 1;
    let (status, mut answer) = facts.answer.clone();
    if status == 200 {
        facts.granted += 1;
        if answer.is_object() {
            answer["access_token"] = json!(format!("token {}", facts.granted));
        }
    }
    (StatusCode::from_u16(status).unwrap(), Json(answer))
}

async fn serve(State(tool): State<Tool>, headers: HeaderMap) -> StatusCode {
    let mut facts = tool.0.lock();
    let good = format!("Bearer token {}", facts.granted);
    if headers.get("authorization").is_none_or(|given| given != good.as_str()) {
        return StatusCode::UNAUTHORIZED;
    }
    facts.served += 1;
    StatusCode::OK
}

async fn status(oauth: &OAuthClient, api: &PacedClient) -> u16 {
    oauth.send(api, Request::get("api")).await.unwrap().status
}

#[tokio::test]
async fn a_token_is_used_until_a_minute_before_it_expires() {
    let (tool, oauth, api, hand) = start(json!({ "expires_in": "300" })).await;
    assert_eq!(status(&oauth, &api).await, 200);
    hand.advance(239_000);
    assert_eq!(status(&oauth, &api).await, 200);
    assert_eq!(tool.0.lock().granted, 1);
    hand.advance(1_000);
    assert_eq!(status(&oauth, &api).await, 200);
    let facts = tool.0.lock();
    assert_eq!((facts.granted, facts.served), (2, 3));
}

#[test]
fn an_unreadable_or_absurd_life_does_no_harm() {
    for (given, expected) in [
        (json!(300), 300),
        (json!("300"), 300),
        (json!(59.9), 59),
        (json!(null), LIFE_SECONDS),
        (json!("soon"), LIFE_SECONDS),
        (json!(0), 1),
        (json!(-5), 1),
        (json!(1e300), LIFE_SECONDS_MAX),
    ] {
        assert_eq!(life_seconds(&given), expected, "{given}");
    }
}

#[tokio::test]
async fn calls_at_the_same_time_share_one_token_request_and_its_failure() {
    let (tool, oauth, api, _) = start(json!({})).await;
    let calls = || futures::future::join_all((0..20).map(|_| status(&oauth, &api)));
    assert_eq!(calls().await, [200; 20]);
    assert_eq!(tool.0.lock().asked, 1);
    // The tool forgets the token: all calls are answered 401, and one token request follows.
    tool.0.lock().granted += 1;
    assert_eq!(calls().await, [200; 20]);
    assert_eq!(tool.0.lock().asked, 2);
    tool.0.lock().granted += 1;
    tool.0.lock().answer = (500, json!({}));
    let calls = (0..20).map(|_| oauth.send(&api, Request::get("api")));
    let failed = futures::future::join_all(calls).await;
    assert!(failed.iter().all(|told| matches!(told, Err(Failure::Later { .. }))));
    assert_eq!(tool.0.lock().asked, 3);
    tool.0.lock().answer = (200, json!({}));
    assert_eq!(status(&oauth, &api).await, 200, "a later call asks again");
}

#[tokio::test]
async fn a_failed_token_request_never_means_that_a_call_was_made() {
    let (tool, oauth, api, _) = start(json!({})).await;
    let wrong = json!({ "error": "invalid_client", "error_description": "no such client" });
    for status in [400, 401, 403, 404, 408, 418, 429, 500, 503] {
        tool.0.lock().answer = (status, wrong.clone());
        let failure = oauth.send(&api, Request::get("api")).await.err().unwrap();
        match status {
            400..=403 => assert!(matches!(failure, Failure::Denied { .. }), "{failure:?}"),
            _ => assert!(matches!(failure, Failure::Later { .. }), "{failure:?}"),
        }
        assert!(status == 429 || failure.detail().ends_with("no token: no such client"));
    }
    tool.0.lock().answer = (200, json!("x".repeat(ANSWER_BYTES_MAX)));
    let failure = oauth.fetch().await.err().unwrap();
    assert!(matches!(failure, Failure::Later { .. }), "{failure:?}");
    assert_eq!(tool.0.lock().served, 0);
}

#[tokio::test]
async fn a_token_is_as_old_as_it_is_whatever_the_system_clock_says() {
    for jump in [3_600_000, -3_600_000] {
        let (tool, oauth, api, hand) = start(json!({ "expires_in": "300" })).await;
        assert_eq!(status(&oauth, &api).await, 200);
        hand.set_wall(jump);
        hand.advance(200_000);
        assert_eq!(status(&oauth, &api).await, 200);
        assert_eq!(tool.0.lock().granted, 1, "{jump}");
        hand.advance(100_000);
        assert_eq!(status(&oauth, &api).await, 200);
        assert_eq!(tool.0.lock().granted, 2, "{jump}");
    }
}
