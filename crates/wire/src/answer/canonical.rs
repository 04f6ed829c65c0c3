//! Responses as other clients of Dialogflow write them, in the canonical form: Python's names with
//! underscores, and from Node.js the values of a payload in objects that name their kind.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Nesting to which a message is put into the canonical form.
const DEPTH_MAX: usize = 32;
/// Names of the kinds of a wrapped value.
const KINDS: [&str; 6] =
    ["stringValue", "numberValue", "boolValue", "structValue", "listValue", "nullValue"];

/// A field by its canonical name, or by the same name with underscores.
pub(super) fn field<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name).or_else(|| of.get(with_underscores(name)))
}

/// A message in the canonical form, which most are in already.
pub(super) fn message(message: &Value) -> Cow<'_, Value> {
    let Some(map) = message.as_object() else { return Cow::Borrowed(message) };
    let is_canonical = |(name, value): (&String, &Value)| match name.as_str() {
        "payload" => !is_wrapped(value),
        // Node.js says here which field is set.
        "message" => !value.is_string(),
        name => !name.contains('_') && !has_underscores(value, 0),
    };
    if map.iter().all(is_canonical) {
        return Cow::Borrowed(message);
    }
    let fields = map.iter().filter(|(name, value)| *name != "message" || !value.is_string());
    let canonical = fields.map(|(name, value)| match name.as_str() {
        "payload" => (name.clone(), payload(value)),
        name => (without_underscores(name), renamed(value, 0)),
    });
    Cow::Owned(Value::Object(canonical.collect()))
}

/// A payload with plain values.
pub(super) fn payload(value: &Value) -> Value {
    if is_wrapped(value) { structure(value, 0) } else { value.clone() }
}

fn is_wrapped(value: &Value) -> bool {
    let Some(map) = value.as_object().filter(|map| map.len() == 1) else { return false };
    let Some(fields) = map.get("fields").and_then(Value::as_object) else { return false };
    let has_kind = |value: &Value| KINDS.iter().any(|kind| value.get(kind).is_some());
    !fields.is_empty() && fields.values().all(has_kind)
}

fn structure(value: &Value, depth: usize) -> Value {
    let fields = value.get("fields").and_then(Value::as_object).into_iter().flatten();
    let plain: Map<_, _> =
        fields.map(|(name, value)| (name.clone(), unwrapped(value, depth + 1))).collect();
    Value::Object(plain)
}

fn unwrapped(value: &Value, depth: usize) -> Value {
    let set = KINDS.iter().find_map(|kind| Some((*kind, value.get(kind)?)));
    match set {
        _ if depth > DEPTH_MAX => Value::Null,
        Some(("structValue", inner)) => structure(inner, depth),
        Some(("listValue", inner)) => {
            let values = inner.get("values").and_then(Value::as_array).into_iter().flatten();
            values.map(|value| unwrapped(value, depth + 1)).collect()
        }
        Some(("nullValue", _)) | None => Value::Null,
        Some((_, plain)) => plain.clone(),
    }
}

fn has_underscores(value: &Value, depth: usize) -> bool {
    match value {
        _ if depth > DEPTH_MAX => false,
        Value::Object(map) => {
            map.iter().any(|(name, value)| name.contains('_') || has_underscores(value, depth + 1))
        }
        Value::Array(items) => items.iter().any(|item| has_underscores(item, depth + 1)),
        _ => false,
    }
}

fn renamed(value: &Value, depth: usize) -> Value {
    match value {
        _ if depth > DEPTH_MAX => Value::Null,
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (without_underscores(name), renamed(value, depth + 1)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| renamed(item, depth + 1)).collect(),
        plain => plain.clone(),
    }
}

/// `quick_replies` as `quickReplies`.
fn without_underscores(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// `quickReplies` as `quick_replies`.
fn with_underscores(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
