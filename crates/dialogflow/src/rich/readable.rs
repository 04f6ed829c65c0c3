//! The readable texts in JSON of an unknown kind.

use serde_json::{Map, Value};

/// Every readable text in a value, each once.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    collect(value, 0, &mut lines);
    lines
}

/// Keys with texts for people, in the order in which they are shown.
const READABLE: [&str; 16] = [
    "title",
    "subtitle",
    "formattedText",
    "description",
    "displayText",
    "textToSpeech",
    "text",
    "name",
    "destinationName",
    "accessibilityText",
    "quickReplies",
    "suggestions",
    "items",
    "buttons",
    "options",
    "url",
];

/// Nesting to which a payload is read.
const DEPTH_MAX: usize = 12;
const LINES_MAX: usize = 100;

fn collect(value: &Value, depth: usize, lines: &mut Vec<String>) {
    match value {
        _ if depth > DEPTH_MAX || lines.len() >= LINES_MAX => {}
        Value::Array(items) => items.iter().for_each(|item| collect(item, depth + 1, lines)),
        Value::Object(map) => {
            if let Some(line) = labelled_link(map) {
                return push(&line, lines);
            }
            for key in READABLE {
                match map.get(key) {
                    Some(Value::String(text)) => push(text, lines),
                    Some(Value::Array(items)) => {
                        for item in items {
                            match item {
                                Value::String(text) => push(text, lines),
                                other => collect(other, depth + 1, lines),
                            }
                        }
                    }
                    _ => {}
                }
            }
            // Payloads nest texts under names of their own.
            for (key, inner) in map {
                if !READABLE.contains(&key.as_str()) && !inner.is_string() {
                    collect(inner, depth + 1, lines);
                }
            }
        }
        _ => {}
    }
}

/// A button that opens a page, as a line with its address.
fn labelled_link(map: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let label = text("text").or_else(|| text("title"))?;
    let action = map.get("openUriAction").and_then(|a| a.get("uri")).and_then(Value::as_str);
    let link = action.or_else(|| text("postback")).or_else(|| text("link"))?;
    let is_page = link.starts_with("https://") || link.starts_with("http://");
    is_page.then(|| format!("{label}: {link}"))
}

pub(super) fn push(text: &str, lines: &mut Vec<String>) {
    let text = text.trim();
    if !text.is_empty() && !lines.iter().any(|line| line == text) {
        lines.push(text.to_owned());
    }
}
