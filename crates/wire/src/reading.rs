//! Reads JSON objects field by field, so that an error names the field and the fix.

use std::fmt;

use serde::Serializer;
use serde_json::{Map, Value};

use crate::json;

/// Why a body is refused; `field` is the JSON path when a field is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub code: &'static str,
    pub field: Option<String>,
    pub message: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Invalid {}

impl Invalid {
    /// Whether the body cannot be read at all: it is no JSON object.
    #[must_use]
    pub fn is_of_body(&self) -> bool {
        self.field.is_none()
    }

    pub(crate) fn body(message: impl Into<String>) -> Self {
        Self { code: "invalid_body", field: None, message: message.into() }
    }

    pub(crate) fn field(field: &str, message: impl fmt::Display) -> Self {
        let message = format!("`{field}` {message}");
        Self { code: "invalid_field", field: Some(field.to_owned()), message }
    }

    /// The same error for the field inside the object `parent`.
    pub(crate) fn under(self, parent: &str) -> Self {
        let field = self.field.unwrap_or_default();
        let message = self.message.replacen(&field, &format!("{parent}.{field}"), 1);
        Self { field: Some(format!("{parent}.{field}")), message, ..self }
    }

    pub(crate) fn missing(field: &str, what: &str) -> Self {
        let message = format!("`{field}` is missing: send {what}");
        Self { code: "missing_field", field: Some(field.to_owned()), message }
    }
}

/// The JSON object in `body`.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Invalid> {
    match json::read(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            Err(Invalid::body(format!("the body is {}: send a JSON object", kind(&other))))
        }
        Err(error) => Err(Invalid::body(format!("the body is not JSON: {error}"))),
    }
}

/// A required, non-empty string.
pub(crate) fn text(
    object: &Map<String, Value>,
    field: &str,
    what: &str,
) -> Result<String, Invalid> {
    match optional_text(object, field)? {
        Some(text) if !text.is_empty() => Ok(text),
        Some(_) => Err(Invalid::field(field, format_args!("is empty: send {what}"))),
        None => Err(Invalid::missing(field, what)),
    }
}

/// Longest id that others may choose, in bytes. Ids become keys of the store, and an index of
/// PostgreSQL takes less than 2,700 bytes for all its columns.
pub(crate) const ID_BYTES_MAX: usize = 1_000;

/// A required id. PostgreSQL cannot store NUL in it.
pub(crate) fn id(object: &Map<String, Value>, field: &str, what: &str) -> Result<String, Invalid> {
    let id = text(object, field, what)?;
    printable(field, &id)?;
    if id.len() > ID_BYTES_MAX {
        let message = format_args!("has {} bytes: send at most {ID_BYTES_MAX}", id.len());
        return Err(Invalid::field(field, message));
    }
    Ok(id)
}

/// Refuses control characters: they cannot be in a key or in the name of an event. Neither can
/// U+FFFD, which stands for what could not be read: two ids would become the same.
pub(crate) fn printable(field: &str, text: &str) -> Result<(), Invalid> {
    if text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Err(Invalid::field(field, "holds control characters: send printable ones"));
    }
    Ok(())
}

/// A string that may be absent or `null`.
pub(crate) fn optional_text(
    object: &Map<String, Value>,
    field: &str,
) -> Result<Option<String>, Invalid> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => {
            Err(Invalid::field(field, format_args!("is {}: send a string", kind(other))))
        }
    }
}

/// A boolean, or one of the strings `"true"` and `"false"` (contract, section 12).
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A finite number, or a string that holds one (contract, sections 8 and 12).
pub(crate) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// Minutes, possibly with a fraction, in milliseconds; huge values are cut.
pub(crate) fn minutes(number: f64) -> i64 {
    (number * 60_000.0).round().clamp(-1e15, 1e15) as i64
}

/// Writes whole minutes without a fraction, as every revision prints them.
#[expect(clippy::ref_option, reason = "serde decides the signature")]
pub(crate) fn write_minutes<S: Serializer>(
    minutes: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match minutes {
        Some(whole) if whole.fract() == 0.0 => serializer.serialize_i64(*whole as i64),
        Some(minutes) => serializer.serialize_f64(*minutes),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
