use serde_json::json;

use super::*;
use crate::http::Http;

async fn call(receiver: &Receiver, text: &str) -> anyhow::Result<crate::http::Answer> {
    let body = json!({ "userId": "u1", "queryInput": { "text": { "text": text } } });
    let sent = Http::new();
    let headers = [("authorization", "token")];
    let sent = sent.post(&receiver.url, &headers, &body);
    tokio::time::timeout(Duration::from_millis(300), sent).await?
}

#[tokio::test]
async fn answers_by_script_and_then_by_default_and_records() {
    let receiver = Receiver::start().await.unwrap();
    receiver.then(Reply::refused()).then(Reply::Status(500, "<p>no".to_owned()));
    assert_eq!(call(&receiver, "one").await.unwrap().text(), r#"{"paused":false}"#);
    assert_eq!(call(&receiver, "two").await.unwrap().status, 500);
    assert_eq!(call(&receiver, "three").await.unwrap().text(), r#"{"paused":true}"#);
    let came = receiver.call(2).await.unwrap();
    assert_eq!((came.text(), came.user_id(), came.path.as_str()), ("three", "u1", "/hook"));
    assert_eq!(came.headers["authorization"], "token");
    assert!(!came.is_step_one() && !came.is_typing());
}

#[tokio::test]
async fn misbehaves_as_told() {
    let receiver = Receiver::start().await.unwrap();
    for reply in [Reply::Silent, Reply::Drip, Reply::Endless, Reply::Cut] {
        receiver.then(reply.clone());
        assert!(call(&receiver, "hello").await.is_err(), "{reply:?}");
    }
    receiver.then(Reply::Redirect("http://127.0.0.1:9/".to_owned()));
    assert_eq!(call(&receiver, "another").await.unwrap().status, 307);
    receiver.then(Reply::After(Duration::from_millis(50), Box::new(Reply::refused())));
    assert_eq!(call(&receiver, "hello").await.unwrap().text(), r#"{"paused":false}"#);
}

#[tokio::test]
async fn another_attempt_of_a_call_that_was_not_taken_is_not_another_call() {
    let receiver = Receiver::start().await.unwrap();
    receiver.then(Reply::Cut).then(Reply::JsonStatus(503, "{}".to_owned())).then(Reply::refused());
    for _ in 0..3 {
        assert!(call(&receiver, "one").await.is_err());
    }
    for _ in 0..2 {
        assert_eq!(call(&receiver, "two").await.unwrap().status, 503);
    }
    for _ in 0..2 {
        assert_eq!(call(&receiver, "three").await.unwrap().status, 200);
    }
    let texts: Vec<_> = receiver.calls().iter().map(|call| call.text().to_owned()).collect();
    assert_eq!(texts, ["one", "two", "three", "three"]);
}
