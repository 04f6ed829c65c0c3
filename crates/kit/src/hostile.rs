//! Malformed and hostile bodies for every endpoint that takes JSON. The server must answer each
//! without an internal failure, and must serve the next request as before.

use serde_json::{Value, json};

/// Values that replace each field in turn.
const STRANGE: [&str; 20] = [
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "-1e400",
    "123456789012345678901234567890",
    "NaN",
    "[]",
    "{}",
    r#""""#,
    r#"" ""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""\u202e\u0007""#,
    "[[[[[[[[]]]]]]]]",
    r#"{"text":{"text":{"text":[]}}}"#,
    r#"{"name":null}"#,
    "'",
    "{\"a\":1,\"a\":2}",
];

/// Bodies that are hostile as a whole.
#[must_use]
pub fn traps() -> Vec<Vec<u8>> {
    let deep = |open: &str, n: usize| open.repeat(n).into_bytes();
    let mut traps = vec![
        Vec::new(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"\xff\xfe\x00\x00".to_vec(),
        b"{\"userId\":\"\xff\"}".to_vec(),
        b"userId=u1&botId=b1".to_vec(),
        deep("[", 100_000),
        deep("{\"a\":", 20_000),
    ];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for length in 1..60_usize {
        let byte = |_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random as u8
        };
        traps.push((0..length).map(byte).collect());
    }
    traps
}

/// Copies of `good`, each with one field replaced by one strange value.
#[must_use]
pub fn mutants(good: &Value) -> Vec<Vec<u8>> {
    let mut places = Vec::new();
    collect(good, String::new(), &mut places);
    let mutate = |place: &String| {
        let mark = "\u{1}here\u{1}";
        let mut body = good.clone();
        if let Some(there) = body.pointer_mut(place) {
            *there = json!(mark);
        }
        let text = body.to_string();
        let mark = json!(mark).to_string();
        STRANGE.map(|strange| text.replace(&mark, strange).into_bytes())
    };
    places.iter().flat_map(mutate).collect()
}

fn collect(value: &Value, path: String, places: &mut Vec<String>) {
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            collect(value, format!("{path}/{name}"), places);
        }
    }
    if !path.is_empty() {
        places.push(path);
    }
}
