//! Against a platform that is only as large as the test.

use axum::{
    Json, Router,
    extract::{Query, WebSocketUpgrade, ws},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use tokio::net::TcpListener;

use super::*;

const TOTAL: u64 = 5;

#[derive(Deserialize)]
struct Asked {
    after: u64,
}

fn event(seq: u64) -> Value {
    json!({ "seq": seq, "at": "", "type": "bot_message", "text": format!("text {seq}") })
}

/// Two events a page; the stream skips number `gap`.
async fn fake(gap: u64) -> String {
    let events = async |headers: HeaderMap, Query(asked): Query<Asked>| {
        assert_eq!(headers["authorization"], "Bearer vst_1");
        let events: Vec<_> = (asked.after + 1..=TOTAL).take(2).map(event).collect();
        let next = asked.after + events.len() as u64;
        Json(json!({ "events": events, "next": next }))
    };
    let stream = async move |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async move |mut socket| {
            let first = socket.recv().await.unwrap().unwrap().into_text().unwrap();
            let first: Value = serde_json::from_str(&first).unwrap();
            let after = first["after"].as_u64().unwrap();
            for seq in (after + 1..=TOTAL).filter(|seq| *seq != gap) {
                let frame = ws::Message::Text(event(seq).to_string().into());
                socket.send(frame).await.unwrap();
            }
        })
    };
    let create = async || {
        let created = json!({ "userId": "usr_1", "token": "vst_1" });
        (StatusCode::CREATED, Json(created))
    };
    let say = async |Json(said): Json<Value>| match said["text"].as_str() {
        Some("too much") => (StatusCode::TOO_MANY_REQUESTS, Json(json!({ "id": "x" }))),
        _ => (StatusCode::ACCEPTED, Json(json!({ "seq": 17 }))),
    };
    let router = Router::new()
        .route("/v1/bots/support/visitors", post(create))
        .route("/v1/conversation/messages", post(say))
        .route("/v1/conversation/events", get(events))
        .route("/v1/conversation/stream", get(stream));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[tokio::test]
async fn says_and_reads_page_by_page() {
    let visitor = Visitor::create(&Http::new(), &fake(0).await, "support").await.unwrap();
    assert_eq!(visitor.say("c1", "hello").await.unwrap(), 17);
    let refused = visitor.say("c2", "too much").await.unwrap_err();
    assert!(refused.to_string().contains("429"), "{refused}");
    let seqs: Vec<_> = visitor.history().await.unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=TOTAL).map(Some).collect::<Vec<_>>());
    let found = visitor.wait_for(1, |event| event.text == "text 4").await.unwrap();
    assert_eq!(found.seq, Some(4));
}

#[tokio::test]
async fn the_stream_resumes_and_notices_a_gap() {
    let visitor = Visitor::create(&Http::new(), &fake(4).await, "support").await.unwrap();
    let mut stream = visitor.stream(1).await.unwrap();
    assert_eq!(stream.next().await.unwrap().seq, Some(2));
    assert_eq!(stream.next().await.unwrap().seq, Some(3));
    let error = stream.next().await.unwrap_err();
    assert!(error.to_string().contains("seq 5 came after 3"), "{error}");
}
