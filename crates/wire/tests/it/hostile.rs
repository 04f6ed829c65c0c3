//! Hostile bodies: no reader panics, every error says what is wrong, and what is accepted has the
//! properties that the reader promises.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};
use wire::{
    Invalid, answer, desk, history,
    push::Push,
    visitor::{NewMessage, NewVisitor},
    webhook::{Received, Reply},
};

const EXAMPLES: [&str; 10] = [
    include_str!("../../examples/r1.step_one.json"),
    include_str!("../../examples/r2.step_two.json"),
    include_str!("../../examples/r3.step_one.json"),
    include_str!("../../examples/r3.step_two.json"),
    include_str!("../../examples/r3.typing_call.json"),
    include_str!("../../examples/r1.push_message.json"),
    include_str!("../../examples/r3.push_pause.json"),
    include_str!("../../examples/r3.push_resume.json"),
    include_str!("../../examples/r3.push_typing.json"),
    include_str!("../../examples/r1.reply_paused.json"),
];

/// Every field name that a reader uses, so that generated bodies reach all their code.
const NAMES: [&str; 30] = [
    "userId",
    "botId",
    "accessToken",
    "eventType",
    "queryInput",
    "text",
    "languageCode",
    "event",
    "name",
    "dialogflowResponse",
    "messageHistory",
    "payload",
    "query",
    "queryParameters",
    "queryResult",
    "fulfillmentMessages",
    "responseMessages",
    "paused",
    "minutesPaused",
    "unpauseChatEvent",
    "agentProfile",
    "avatarUrl",
    "messageId",
    "clientId",
    "label",
    "parameters",
    "page",
    "webhookHeaders",
    "email",
    "password",
];

/// Text that is not valid in Rust, or hard to store.
const STRANGE: [&str; 14] = [
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\u0000""#,
    r#""\u202e""#,
    r#""""#,
    "1e999",
    "-1e999",
    "1e-400",
    "123456789012345678901234567890",
    "-0",
    "NaN",
    "Infinity",
    "'single'",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
];

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just(String::new()),
        select(
            &[
                "message",
                "user_typing",
                "channel_update",
                "user_left",
                "true",
                "5",
                "\0",
                "\u{202e}"
            ][..]
        )
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let name =
            prop_oneof![4 => select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A good body with one place changed, and sometimes one byte.
fn almost_good() -> impl Strategy<Value = Vec<u8>> {
    let change = prop_oneof![
        any_json().prop_map(|value| value.to_string()),
        select(&STRANGE[..]).prop_map(str::to_owned),
    ];
    let place = (select(&EXAMPLES[..]), any::<prop::sample::Index>());
    let byte = proptest::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>()));
    (place, change, byte).prop_map(|((example, place), change, byte)| {
        let mut body: Value = serde_json::from_str(example).unwrap();
        let mut places = Vec::new();
        collect(&body, String::new(), &mut places);
        let mark = "\u{1}here\u{1}";
        *body.pointer_mut(&places[place.index(places.len())]).unwrap() = json!(mark);
        let mut bytes = body.to_string().replace(&json!(mark).to_string(), &change).into_bytes();
        if let Some((at, byte)) = byte {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn collect(value: &Value, path: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, format!("{path}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                collect(value, format!("{path}/{n}"), places);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        places.push(path);
    }
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => almost_good(),
        2 => any_json().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..200),
    ]
}

fn says_why<T>(read: Result<T, Invalid>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(Invalid { code, field, message }) => {
            let named = field.as_deref().is_some_and(|field| message.contains(field));
            assert!(named || code == "invalid_body", "{code}: {message}");
            assert!(!message.is_empty() && message.len() < 500, "{message}");
            None
        }
    }
}

fn is_key(id: &str) -> bool {
    !id.is_empty() && !id.chars().any(char::is_control)
}

/// Gives `body` to every reader.
fn read(body: &[u8]) {
    if let Some(call) = says_why(Received::parse(body)) {
        assert!(is_key(&call.user_id) && is_key(&call.bot_id));
    }
    if let Some(push) = says_why(Push::parse(body)) {
        assert!(is_key(&push.user_id) && is_key(&push.bot_id));
    }
    if let Some(message) = says_why(NewMessage::parse(body, 100, 20)) {
        assert!(message.text.chars().count() <= 100 && message.client_id.chars().count() <= 20);
    }
    if let Some(message) = says_why(desk::NewMessage::parse(body, 100, 20)) {
        assert!(message.text.chars().count() <= 100 && !message.text.trim().is_empty());
    }
    says_why(NewVisitor::parse(body));
    says_why(desk::SignIn::parse(body));
    let _: Reply = Reply::parse(200, body);
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let items = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
        for item in items {
            for item in [item.clone(), json!({ "payload": item })] {
                let line = history::line(&item);
                assert!(line.is_none_or(|line| !line.text.trim().is_empty()));
            }
        }
        let _: String = answer::words(&value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3_000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_comes_is_read_or_refused_with_a_reason(body in bodies()) {
        read(&body);
    }

    /// An unknown field changes nothing.
    #[test]
    fn a_field_nobody_knows_changes_nothing(value in any_json()) {
        for example in EXAMPLES {
            let good: Value = serde_json::from_str(example).unwrap();
            let mut more = good.clone();
            more["x-unknown"] = value.clone();
            let (good, more) = (good.to_string(), more.to_string());
            let same = Received::parse(good.as_bytes()) == Received::parse(more.as_bytes());
            prop_assert!(same && Push::parse(good.as_bytes()) == Push::parse(more.as_bytes()));
            let (good, more) = (good.as_bytes(), more.as_bytes());
            prop_assert_eq!(Reply::parse(200, good), Reply::parse(200, more));
        }
    }
}

#[test]
fn known_traps_are_refused_or_read_but_never_fatal() {
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let twice = r#"{"userId":"a","userId":"b","botId":"c","botId":"d","eventType":"user_typing"}"#;
    let traps = [
        String::new(),
        "null".to_owned(),
        "\u{feff}{}".to_owned(),
        deep("[", "]"),
        deep(r#"{"a":"#, "}"),
        "[".repeat(1_000_000),
        twice.to_owned(),
        format!(r#"{{"userId":"{}"}}"#, "x".repeat(1_000_000)),
        format!(r#"{{"minutesPaused":{}}}"#, "9".repeat(100_000)),
        r#"{"userId":"\ud800","botId":"b"}"#.to_owned(),
    ];
    for trap in traps {
        read(trap.as_bytes());
    }
    // When a field occurs twice, the last one counts, for every reader.
    assert_eq!(
        Received::parse(twice.as_bytes()).ok().map(|call| call.user_id).as_deref(),
        Some("b")
    );
}

/// A number of minutes that no clock can represent is read, and gives a pause within the limit.
#[test]
fn no_number_of_minutes_is_too_large() {
    for minutes in
        ["1e308", "-1e308", "9007199254740993", "1e-308", "\"1e300\"", "\"inf\"", "\"NaN\""]
    {
        let body = format!(r#"{{"paused":true,"minutesPaused":{minutes}}}"#);
        let Reply::Paused(pause) = Reply::parse(200, body.as_bytes()) else {
            panic!("{minutes} was not read");
        };
        assert!(
            pause.is_none_or(|ms| (-1_000_000_000_000_000..=1_000_000_000_000_000).contains(&ms))
        );
    }
}
