//! Reading the body of a request.

use serde_json::{Map, Value};

use super::errors::Refusal;

pub(super) fn parse(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(error.to_string()))
}

/// A map of strings to strings: nested values are refused.
pub(super) fn check_strings(map: &Value, name: &str) -> Result<Map<String, Value>, Refusal> {
    match map {
        Value::Null => Ok(Map::new()),
        Value::Object(map) if map.values().all(Value::is_string) => Ok(map.clone()),
        _ => Err(Refusal::bad_request(format!("{name} must be a map of strings"))),
    }
}
