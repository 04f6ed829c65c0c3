//! Reads protobuf messages in JSON as strictly as the service does. Accepted: names in either
//! spelling, `null` for unset, whole numbers as text. Refused: unknown names, wrong types.

use axum::{body::Bytes, extract::rejection::BytesRejection};
use serde_json::{Map, Value};

use super::failure::Failure;

/// A message without unknown names.
pub(super) struct Fields<'a> {
    /// Path of the message, spelled as in the protobuf definition; empty for the outermost.
    path: String,
    values: &'a Map<String, Value>,
}

pub(super) fn json(body: &Bytes) -> Result<Value, Failure> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    wire::json::read(body).map_err(|error| {
        Failure::invalid_argument(format!("Invalid JSON payload received. {error}."))
    })
}

pub(super) fn body(body: &Result<Bytes, BytesRejection>) -> Result<Value, Failure> {
    json(body.as_ref().map_err(Failure::from)?)
}

impl<'a> Fields<'a> {
    /// `known` are the names of the message's fields, spelled as in JSON.
    pub(super) fn of(path: &str, value: &'a Value, known: &[&str]) -> Result<Self, Failure> {
        let Value::Object(values) = value else {
            return Err(Failure::invalid_field(
                path,
                format!("Invalid value at '{path}', an object is expected: {}", shown(value)),
            ));
        };
        let unknown = |name: &&String| !known.iter().any(|k| is(name, k));
        if let Some(name) = values.keys().find(unknown) {
            let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
            return Err(Failure::invalid_field(
                path,
                format!(
                    "Invalid JSON payload received. Unknown name \"{}\"{place}: \
                     Cannot find field.",
                    cut(name)
                ),
            ));
        }
        Ok(Self { path: path.to_owned(), values })
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        let mut named = self.values.iter().filter(|(key, _)| is(key, name));
        named.find_map(|(_, value)| (!value.is_null()).then_some(value))
    }

    /// A message in a field.
    pub(super) fn message(&self, name: &str, known: &[&str]) -> Result<Option<Self>, Failure> {
        let value = self.get(name);
        value.map(|value| Self::of(&self.path_of(name), value, known)).transpose()
    }

    pub(super) fn messages(&self, name: &str, known: &[&str]) -> Result<Vec<Self>, Failure> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let items = value.as_array().ok_or_else(|| self.wrong(name, "an array", value))?;
        let numbered = items.iter().enumerate();
        numbered
            .map(|(at, item)| Self::of(&format!("{}[{at}]", self.path_of(name)), item, known))
            .collect()
    }

    /// Empty when unset.
    pub(super) fn text(&self, name: &str) -> Result<String, Failure> {
        match self.get(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(self.wrong(name, "TYPE_STRING", other)),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(name, "TYPE_BOOL", other)),
        }
    }

    /// Whole numbers may be written as text or with the fraction `.0`; 0 when unset.
    pub(super) fn number(&self, name: &str) -> Result<i32, Failure> {
        let Some(value) = self.get(name) else {
            return Ok(0);
        };
        let float = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse::<f64>().ok(),
            _ => None,
        };
        let whole = float.filter(|float| float.fract() == 0.0 && float.abs() <= i32::MAX.into());
        whole.map(|float| float as i32).ok_or_else(|| self.wrong(name, "TYPE_INT32", value))
    }

    /// A free object.
    pub(super) fn object(&self, name: &str) -> Result<Map<String, Value>, Failure> {
        match self.get(name) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map.clone()),
            Some(other) => Err(self.wrong(name, "an object", other)),
        }
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => snake(name),
            path => format!("{path}.{}", snake(name)),
        }
    }

    fn wrong(&self, name: &str, expected: &str, value: &Value) -> Failure {
        let path = self.path_of(name);
        Failure::invalid_field(
            &path,
            format!("Invalid value at '{path}' ({expected}), {}", shown(value)),
        )
    }
}

/// The beginning of a value, for the error about it.
fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn is(key: &str, name: &str) -> bool {
    key == name || key == snake(name)
}

/// A name as the protobuf definition spells it: `languageCode` gives `language_code`.
fn snake(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(letter.to_ascii_lowercase());
    }
    spelled
}
