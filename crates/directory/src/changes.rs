//! What is different between two versions of a document's settings, for people.

use serde_json::{Map, Value};

use crate::trail::FieldChange;

/// Most characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 400;

/// The settings that differ, by their full names, in order. A secret shows only its last
/// characters, as far as those are stored beside it.
#[must_use]
pub fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found.sort_by(|one, other| one.field.cmp(&other.field));
    found
}

fn compare(
    place: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<FieldChange>,
) {
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    for key in after.keys().chain(removed) {
        let field = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        match (before.get(key), after.get(key)) {
            (one, other) if one == other => {}
            (Some(Value::Object(before)), Some(Value::Object(after)))
                if !is_secret(before) && !is_secret(after) =>
            {
                compare(&field, before, after, found);
            }
            (before, after) => {
                found.push(FieldChange { field, before: before.map(text), after: after.map(text) });
            }
        }
    }
}

/// Whether this is a stored secret.
pub(crate) fn is_secret(value: &Map<String, Value>) -> bool {
    value.contains_key("sealed") || value.contains_key("hash")
}

fn text(value: &Value) -> String {
    let text = masked(value).to_string();
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Object(secret) if is_secret(secret) => {
            let ends = secret.get("ends").and_then(Value::as_str);
            Value::String(match ends {
                Some(ends) => format!("a secret that ends in {ends}"),
                None => "a secret".to_owned(),
            })
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), masked(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(before: Value, after: Value) -> Vec<(String, Option<String>, Option<String>)> {
        let (Value::Object(before), Value::Object(after)) = (before, after) else { panic!() };
        let found = changes(&before, &after).into_iter();
        found.map(|change| (change.field, change.before, change.after)).collect()
    }

    fn row(
        field: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> (String, Option<String>, Option<String>) {
        (field.to_owned(), before.map(str::to_owned), after.map(str::to_owned))
    }

    #[test]
    fn fields_are_named_with_their_levels() {
        let before = json!({ "name": "A", "webhook": { "url": "x", "bearer": true }, "old": 1 });
        let after = json!({ "name": "A", "webhook": { "url": "y", "bearer": true }, "new": [2] });
        assert_eq!(
            of(before, after),
            [
                row("new", None, Some("[2]")),
                row("old", Some("1"), None),
                row("webhook.url", Some("\"x\""), Some("\"y\"")),
            ]
        );
    }

    #[test]
    fn a_secret_is_never_shown() {
        let before = json!({ "token": { "sealed": "k1.aaa", "ends": "wxyz" } });
        let after = json!({ "token": { "sealed": "k1.bbb" }, "keys": [{ "hash": "00ff" }] });
        let found = of(before, after);
        assert_eq!(
            found,
            [
                row("keys", None, Some("[\"a secret\"]")),
                row("token", Some("\"a secret that ends in wxyz\""), Some("\"a secret\"")),
            ]
        );
    }
}
