use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    answer::{Outcome, of_push, of_webhook},
    call::{self, Kind, Seen},
    show::{Direction, Exchange, Shown},
};

const QUICK: Duration = Duration::from_millis(12);

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let parsed = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    parsed.collect()
}

fn webhook(body: &Value) -> Seen {
    call::webhook(&headers(&[("authorization", "s3cret")]), body.to_string().as_bytes())
}

fn pushed(body: &Value) -> Seen {
    let headers = headers(&[("authorization", "s3cret"), ("content-type", "application/json")]);
    call::push(&headers, body.to_string().as_bytes())
}

/// The file name of a golden example gives its kind.
#[test]
fn every_golden_example_is_known_and_without_fault() {
    let mut known = 0;
    for (name, text) in wire::examples::ALL {
        let body: Value = serde_json::from_str(text).unwrap();
        let kind = match name.split_once('.').unwrap().1 {
            "step_one" => Kind::StepOne,
            "step_two" => Kind::StepTwo,
            "typing_call" => Kind::UserTyping,
            "push_message" => Kind::Message,
            "push_pause" => Kind::Pause,
            "push_resume" => Kind::Resume,
            "push_typing" => Kind::Typing,
            _ => continue,
        };
        let secret = body.get("accessToken").and_then(Value::as_str).unwrap_or("s3cret").to_owned();
        let mut headers = headers(&[("content-type", "application/json")]);
        headers.insert("authorization", secret.parse().unwrap());
        let is_push = name.contains("push");
        let read = if is_push { call::push } else { call::webhook };
        let seen = read(&headers, text.as_bytes());
        assert_eq!((seen.kind, seen.warnings), (kind, vec![]), "{name}");
        known += 1;
    }
    assert!(known >= 14, "{known} examples");
}

#[test]
fn a_call_that_breaks_the_contract_is_told_which_field_does() {
    let two = json!({ "userId": "u", "botId": "b", "queryInput": { "text": { "text": "hi" } } });
    let without = |field: &str| {
        let mut body = two.clone();
        body.as_object_mut().unwrap().shift_remove(field);
        webhook(&body).warnings
    };
    assert_eq!(webhook(&two).warnings, Vec::<String>::new());
    for field in ["userId", "botId"] {
        assert!(without(field)[0].contains(field), "{:?}", without(field));
    }
    let bare = call::webhook(&HeaderMap::new(), two.to_string().as_bytes());
    assert!(bare.warnings[0].contains("no secret"), "{:?}", bare.warnings);
    let mut other = two.clone();
    other["accessToken"] = "another".into();
    assert!(webhook(&other).warnings[0].contains("different secrets"));
    let typing = json!({ "userId": "u", "eventType": "user_typing", "accessToken": "s3cret" });
    let typing = webhook(&typing).warnings;
    assert!(typing[0].contains("botId") && typing[1].contains("accessToken"), "{typing:?}");

    let cases = [
        (json!({ "eventType": "message", "text": "hi" }), "paused"),
        (json!({ "eventType": "message", "paused": true }), "text"),
        (json!({ "eventType": "agent_typing" }), "user_typing"),
        (json!({ "eventType": "channel_update", "paused": "true" }), "is a string"),
        (json!({ "eventType": "channel_update", "paused": true, "minutesPaused": "5" }), "bare"),
        (json!({ "eventType": "hello" }), "eventType"),
    ];
    for (mut body, expected) in cases {
        body["userId"] = "u".into();
        body["botId"] = "b".into();
        let warnings = pushed(&body).warnings;
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{body}: {warnings:?}");
    }
}

#[test]
fn answers_mean_what_section_8_says() {
    let one = |body: &str| of_webhook(Kind::StepOne, Ok((200, body.as_bytes())), QUICK);
    let two = |body: &str| of_webhook(Kind::StepTwo, Ok((200, body.as_bytes())), QUICK);
    let cases = [
        (one(r#"{"paused":true,"minutesPaused":5}"#), true, 0, "paused 5 min"),
        (one(r#"{"paused":true}"#), true, 0, "10 min"),
        (one(r#"{"paused":false}"#), true, 0, "the bot continues"),
        (one(r#"{"paused":true,"minutesPaused":0}"#), false, 1, "not paused"),
        (one(r#"{"paused":true,"minutesPaused":"5"}"#), true, 1, "paused 5 min"),
        (one(r#"{"paused":true,"minutesPaused":[]}"#), true, 1, "10 min"),
        (one("{}"), false, 1, "`paused` is missing"),
        (one("<html>"), false, 1, "not paused"),
        (two(r#"{"paused":true,"minutesPaused":5}"#), true, 0, "the human agent gets"),
        (two(r#"{"paused":true,"minutesPaused":-1}"#), false, 1, "the pause ends"),
        (two(r#"{"paused":false,"minutesPaused":0}"#), true, 0, "the bot answers"),
        (two("[]"), false, 1, "the bot answers this message"),
    ];
    for (meaning, good, warnings, text) in cases {
        assert_eq!((meaning.good, meaning.warnings.len()), (good, warnings), "{meaning:?}");
        assert!(meaning.text.contains(text), "{meaning:?}");
    }
    let at = |took| of_webhook(Kind::StepOne, Ok((200, br#"{"paused":true}"#)), took);
    assert!(at(Duration::from_millis(4_999)).good);
    assert_eq!(at(Duration::from_millis(4_999)).warnings.len(), 1);
    assert!(!at(Duration::from_secs(5)).good, "five seconds are late");
    for status in [301, 404, 500] {
        let meaning = of_webhook(Kind::StepTwo, Ok((status, br#"{"paused":true}"#)), QUICK);
        assert!(!meaning.good && meaning.text.contains(&status.to_string()), "{meaning:?}");
    }
    let large = format!("{{\"paused\":true,\"x\":\"{}\"}}", "x".repeat(65_536));
    assert!(!one(&large).good);
}

#[test]
fn answers_to_pushes_say_whether_to_send_again() {
    let of = |status, body: &str| {
        let body = body.as_bytes().to_vec();
        of_push(Kind::Message, Ok((status, &body)))
    };
    let taken = of(200, r#"{"ok":true,"paused":true,"pausedUntil":"2026-01-01T10:00:00.000Z"}"#);
    assert!(taken.good && taken.text.contains("until 2026-01-01T10:00"), "{taken:?}");
    assert!(of(200, r#"{"ok":true,"paused":false,"pausedUntil":null}"#).text.contains("the bot"));
    let refused = r#"{"ok":false,"error":{"code":"missing_field","message":"`text` is missing"}}"#;
    let refused = of(400, refused);
    assert!(!refused.good && refused.text.contains("`text` is missing"), "{refused:?}");
    assert!(refused.warnings[0].contains("will not accept"));
    for status in [429, 500, 503] {
        assert!(of(status, "").warnings[0].contains("again"), "{status}");
    }
}

fn exchange<'a>(headers: &'a HeaderMap, body: &'a [u8], outcome: Outcome<'a>) -> Exchange<'a> {
    let at = "2026-01-01T10:00:00.000Z";
    Exchange { at, direction: Direction::ToMiddleware, headers, body, outcome, took: QUICK }
}

/// A secret is hidden in the body, in each header that may hold one, and where the visitor or the
/// other side repeats it.
#[test]
fn no_secret_is_shown() {
    let headers = headers(&[
        ("authorization", "Bearer c4nary-header"),
        ("x-custom", "c4nary-custom"),
        ("webhook-signature", "v1,c4nary-signature"),
        ("x-request-id", "shown-id"),
    ]);
    let body = json!({
        "accessToken": "c4nary-body", "userId": "u c4nary-header", "botId": "b",
        "queryInput": { "text": { "text": "my key is c4nary-custom" } },
        "queryParams": { "webhookHeaders": { "authorization": "c4nary-visitor" } },
        "note": ["c4nary-body", { "c4nary-visitor": 1 }],
    });
    let body = body.to_string();
    let answer = br#"{"paused":true,"echo":"c4nary-body c4nary-header","accessToken":"c4nary-x"}"#;
    let exchange = exchange(&headers, body.as_bytes(), Ok((200, answer)));
    let shown = Shown::new(&exchange);
    for text in [shown.lines(), shown.json().to_string()] {
        assert!(!text.contains("c4nary"), "{text}");
        assert!(text.contains("my key is ***"), "{text}");
    }
    assert!(shown.json().to_string().contains("shown-id"));
}

#[test]
fn a_terminal_is_not_obeyed() {
    let text = format!("\u{1b}[2J\r\n\u{202e}{}", "long ".repeat(40));
    let body = json!({
        "userId": "u\u{7}", "botId": "b", "queryInput": { "text": { "text": text } }
    });
    let (headers, body) = (HeaderMap::new(), body.to_string());
    let exchange = exchange(&headers, body.as_bytes(), Err("refused"));
    let lines = Shown::new(&exchange).lines();
    let first = lines.lines().next().unwrap();
    assert!(!first.contains(['\u{1b}', '\r', '\u{7}', '\u{202e}']), "{first:?}");
    assert!(first.contains("long …") && first.contains("not paused") || first.contains("the bot"));
    assert!(first.chars().count() < 200, "{first}");
}
