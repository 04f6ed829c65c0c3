//! Finds the secrets of a call, and masks them wherever they appear in what is shown.

use http::HeaderMap;
use serde_json::{Map, Value};
use wire::secret::from_authorization;

const MASK: &str = "***";

/// Headers that never hold a secret. Any other header may be the custom header of a bot.
const PLAIN: [&str; 18] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "idempotency-key",
    "retry-after",
    "server",
    "traceparent",
    "transfer-encoding",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "x-request-id",
];

/// Shorter values are not masked in texts: they may be ordinary words.
const SECRET_BYTES_MIN: usize = 4;

/// The secrets of one call.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    pub(crate) fn presented(headers: &HeaderMap, body: &Value) -> Self {
        let hidden = headers.iter().filter(|(name, _)| !PLAIN.contains(&name.as_str()));
        let values = hidden.filter_map(|(_, value)| value.to_str().ok());
        let in_headers = values.flat_map(|value| [value, from_authorization(value)]);
        let mut found: Vec<String> = in_headers.map(str::to_owned).collect();
        collect(body, &mut found);
        found.retain(|secret| secret.len() >= SECRET_BYTES_MIN);
        // Longest first, because one secret may be part of another.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(found)
    }

    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    pub(crate) fn headers(&self, headers: &HeaderMap) -> Value {
        let shown = headers.iter().map(|(name, value)| {
            let value = match value.to_str() {
                Ok(value) if PLAIN.contains(&name.as_str()) => self.hide(value),
                _ => MASK.to_owned(),
            };
            (name.to_string(), Value::String(value))
        });
        Value::Object(shown.collect())
    }

    pub(crate) fn body(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => Value::String(self.hide(text)),
            Value::Array(items) => items.iter().map(|item| self.body(item)).collect(),
            Value::Object(fields) => {
                let shown = fields.iter().map(|(name, value)| {
                    let value = if is_secret(name) { masked(value) } else { self.body(value) };
                    (self.hide(name), value)
                });
                Value::Object(shown.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}

/// Fields that hold a secret. `webhookHeaders` may hold a visitor's token (contract 13.15).
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "accesstoken" | "authorization" | "password" | "webhookheaders")
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), masked(value))).collect()
        }
        Value::Null => Value::Null,
        _ => Value::String(MASK.to_owned()),
    }
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_secret(name) { strings(value, found) } else { collect(value, found) }
            }
        }
        _ => {}
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}
