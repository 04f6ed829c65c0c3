//! Free objects and bytes as the client writes them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::number;

pub(super) fn object(map: &Map<String, Value>) -> Value {
    let fields: Map<String, Value> =
        map.iter().map(|(key, value)| (key.clone(), wrapped(value))).collect();
    json!({ "fields": fields })
}

/// The value under the name of its kind, and the name as `kind`.
fn wrapped(value: &Value) -> Value {
    let (kind, value) = match value {
        Value::Null => ("nullValue", json!("NULL_VALUE")),
        Value::Bool(flag) => ("boolValue", json!(flag)),
        Value::Number(written) => ("numberValue", number(written)),
        Value::String(text) => ("stringValue", json!(text)),
        Value::Array(items) => {
            let values: Vec<Value> = items.iter().map(wrapped).collect();
            ("listValue", json!({ "values": values }))
        }
        Value::Object(map) => ("structValue", object(map)),
    };
    let mut wrapped = Map::new();
    wrapped.insert(kind.to_owned(), value);
    wrapped.insert("kind".to_owned(), json!(kind));
    Value::Object(wrapped)
}

/// A Node.js buffer as JSON; empty when the text is not base64.
pub(super) fn buffer(base64: &str) -> Value {
    json!({ "type": "Buffer", "data": STANDARD.decode(base64).unwrap_or_default() })
}
