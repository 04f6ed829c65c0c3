use serde_json::{Value, json};

use super::*;

macro_rules! example {
    ($name:literal) => {
        include_bytes!(concat!("../../examples/", $name, ".json")).as_slice()
    };
}

fn written(step_one: bool, revision: Revision) -> Value {
    let example: Value = serde_json::from_slice(example!("r1.step_one")).unwrap();
    let response = serde_json::value::to_raw_value(&example["dialogflowResponse"]).unwrap();
    let contexts = [json!({
        "name": "botcopy-timezone", "lifespanCount": 10, "parameters": { "tz": "Europe/Vienna" }
    })];
    let nothing = Map::new();
    let call = Call {
        access_token: "webhook-token",
        user_id: "usr_1",
        bot_id: "support",
        session_id: Some("cnv_1"),
        session: Some("projects/test/agent/sessions/cnv_1"),
        query_input: QueryInput {
            text: QueryText {
                text: if step_one { "handover" } else { "help me please" },
                language_code: "en",
            },
            event: Some(json!({ "name": "HELP", "languageCode": "en" })),
        },
        query_params: QueryParams {
            contexts: &contexts,
            parameters: Some(&nothing),
            payload: Some(&nothing),
            webhook_headers: Some(&nothing),
        },
        dialogflow_response: step_one.then_some(&*response),
        message_history: step_one.then_some(&[]),
        missed_messages: &[json!({ "payload": { "query": "hello" } })],
        event_type: None,
    };
    serde_json::to_value(call.keep_only(revision)).unwrap()
}

/// The names in a body and how they are nested, without the values.
fn names(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut named: Vec<_> = fields.iter().collect();
            named.sort_by_key(|(name, _)| *name);
            named.into_iter().map(|(name, value)| json!([name, names(value)])).collect()
        }
        Value::Array(items) => items.iter().map(names).collect(),
        _ => Value::Null,
    }
}

/// A receiver that validates strictly gets exactly the fields its revision prints.
#[test]
fn each_revision_can_be_written_alone() {
    let contextless = |mut body: Value| {
        body["queryParams"]["contexts"] = json!([]);
        body
    };
    for (revision, step_one, example) in [
        (Revision::R1, true, example!("r1.step_one")),
        (Revision::R1, false, example!("r1.step_two")),
        (Revision::R2, true, example!("r1.step_one")),
        (Revision::R2, false, example!("r2.step_two")),
        (Revision::R3, true, example!("r3.step_one")),
        (Revision::R3, false, example!("r3.step_two")),
    ] {
        let mut example: Value = serde_json::from_slice(example).unwrap();
        // Only while typing calls are on, which is the caller's to say.
        example.as_object_mut().unwrap().remove("eventType");
        let mut written = contextless(written(step_one, revision));
        if revision == Revision::R3 && step_one {
            // That example has an empty response.
            written["dialogflowResponse"] = json!({});
        }
        assert_eq!(names(&written), names(&contextless(example)), "{revision:?}");
    }
}

#[test]
fn step_one_is_written_as_r1_prints_it() {
    let example: Value = serde_json::from_slice(example!("r1.step_one")).unwrap();
    assert_eq!(written(true, Revision::R1), example);
}

#[test]
fn step_two_is_step_one_without_the_response() {
    let example: Value = serde_json::from_slice(example!("r1.step_two")).unwrap();
    assert_eq!(written(false, Revision::R1), example);
}

#[test]
fn calls_of_every_revision_are_told_apart() {
    let kinds = [
        (example!("r1.step_one"), "one"),
        (example!("r1.step_two"), "two"),
        (example!("r2.step_two"), "two"),
        (example!("r3.step_one"), "one"),
        (example!("r3.step_two"), "two"),
        (example!("r3.typing_call"), "typing"),
        (br#"{"userId":"u","botId":"b","sessionId":"s","eventType":"user_left"}"#, "left"),
        (br#"{"userId":"u","botId":"b","eventType":"pause_expired"}"#, "expired"),
    ];
    for (body, expected) in kinds {
        let received = Received::parse(body).unwrap();
        let kind = match received.kind {
            ReceivedKind::StepOne { .. } => "one",
            ReceivedKind::StepTwo { .. } => "two",
            ReceivedKind::Typing => "typing",
            ReceivedKind::UserLeft => "left",
            ReceivedKind::PauseExpired => "expired",
        };
        assert_eq!(kind, expected);
    }
}

#[test]
fn a_call_that_cannot_be_read_names_the_field() {
    let cases = [
        (json!([]), None),
        (json!({ "botId": "b" }), Some("userId")),
        (json!({ "userId": "u", "botId": 7 }), Some("botId")),
        (json!({ "userId": "u", "botId": "b" }), Some("queryInput.text.text")),
        (
            json!({ "userId": "u", "botId": "b", "queryInput": { "text": { "text": 1 } } }),
            Some("queryInput.text.text"),
        ),
        (json!({ "userId": "u\0", "botId": "b" }), Some("userId")),
        (json!({ "userId": "u", "botId": "b\n" }), Some("botId")),
        (json!({ "userId": "u", "botId": "\u{85}", "eventType": "user_typing" }), Some("botId")),
    ];
    for (body, field) in cases {
        let error = Received::parse(body.to_string().as_bytes()).err().unwrap();
        assert_eq!(error.field.as_deref(), field, "{body}");
    }
    assert!(Received::parse(b"<html>").is_err());
}

/// Half a surrogate pair and a byte order mark cost no message; in an id they are refused.
#[test]
fn what_others_write_carelessly_is_read() {
    let read = |body: &str| Received::parse(body.as_bytes());
    let call = read(
        "\u{feff}{\"userId\":\"u\",\"botId\":\"b\",\
         \"queryInput\":{\"text\":{\"text\":\"hi \\ud83d!\"}}}",
    );
    let ReceivedKind::StepTwo { text, .. } = call.ok().unwrap().kind else { panic!("step two") };
    assert_eq!(text, "hi \u{fffd}!");
    let half = read(r#"{"userId":"u\ud83d","botId":"b","eventType":"user_typing"}"#);
    assert_eq!(half.err().unwrap().field.as_deref(), Some("userId"));
    let long = json!({ "userId": "u".repeat(1_001), "botId": "b", "eventType": "user_typing" });
    assert_eq!(read(&long.to_string()).err().unwrap().field.as_deref(), Some("userId"));
    let reply = "\u{feff}{\"paused\":true,\"minutesPaused\":5,\"note\":\"\\ude00\"}";
    assert_eq!(Reply::parse(200, reply.as_bytes()), Reply::Paused(Some(300_000)));
    let error = read("{\"userId\":\"u\",").err().unwrap();
    assert!(error.is_of_body() && error.message.contains("line 1 column"), "{error}");
}

#[test]
fn every_kind_of_reply_means_what_section_8_says() {
    let cases = [
        (r#"{"paused":true,"minutesPaused":5}"#, Reply::Paused(Some(300_000))),
        (r#"{"paused":true,"minutesPaused":0.5}"#, Reply::Paused(Some(30_000))),
        (r#"{"paused":true,"minutesPaused":"7"}"#, Reply::Paused(Some(420_000))),
        (r#"{"paused":true,"minutesPaused":"soon"}"#, Reply::Paused(None)),
        (r#"{"paused":true,"minutesPaused":null}"#, Reply::Paused(None)),
        (r#"{"paused":true,"minutesPaused":0}"#, Reply::Paused(Some(0))),
        (r#"{"paused":true,"minutesPaused":-3}"#, Reply::Paused(Some(-180_000))),
        (r#"{"paused":true}"#, Reply::Paused(None)),
        (r#"{"paused":false}"#, Reply::Refused),
        (r#"{"paused":false,"minutesPaused":0}"#, Reply::Refused),
        (r#"{"paused":false,"minutesPaused":9}"#, Reply::Refused),
    ];
    for (body, expected) in cases {
        assert_eq!(Reply::parse(200, body.as_bytes()), expected, "{body}");
        assert_eq!(Reply::parse(201, body.as_bytes()), expected, "{body}");
    }
    let invalid = ["{}", "[]", "\"x\"", "<html></html>", "", "true", "{\"paused\":1}", "{\"a\":"];
    for body in invalid {
        assert!(matches!(Reply::parse(200, body.as_bytes()), Reply::Invalid(_)), "{body}");
    }
    for status in [199, 301, 302, 404, 410, 429, 500, 503] {
        let reply = Reply::parse(status, br#"{"paused":true}"#);
        assert!(matches!(reply, Reply::Invalid(_)), "{status}");
    }
}

#[test]
fn answers_carry_exactly_the_two_fields() {
    let paused = serde_json::to_value(Answer::paused(90_000)).unwrap();
    assert_eq!(paused, json!({ "paused": true, "minutesPaused": 1.5 }));
    let ended = serde_json::to_value(Answer::ended()).unwrap();
    assert_eq!(ended, json!({ "paused": false, "minutesPaused": 0 }));
    let refused = serde_json::to_value(Answer::refused()).unwrap();
    assert_eq!(refused, json!({ "paused": false }));
}

#[test]
fn what_was_missed_is_written_only_when_there_is_something() {
    let written = written(false, Revision::R3);
    assert!(written.get("missedMessages").is_none(), "a strict receiver does not know it");
    let items = r#"[{"payload":{"query":"hello"}}]"#;
    for (field, expected) in [
        (String::new(), 0),
        (format!(r#","missedMessages":{items}"#), 1),
        (r#","missedMessages":null"#.to_owned(), 0),
        (r#","missedMessages":"soon""#.to_owned(), 0),
    ] {
        let body = format!(
            r#"{{"userId":"u","botId":"b","queryInput":{{"text":{{"text":"x"}}}}{field}}}"#
        );
        let Ok(Received { kind: ReceivedKind::StepTwo { missed, .. }, .. }) =
            Received::parse(body.as_bytes())
        else {
            panic!("{body}");
        };
        assert_eq!(missed.len(), expected, "{body}");
    }
}
