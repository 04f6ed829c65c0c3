//! What a platform reads out of a canonical detectIntent response.

use serde_json::{Map, Value};

/// One message to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Readable on its own, for every kind of message.
    pub text: String,
    /// The canonical message, when it is more than text.
    pub rich: Option<Value>,
}

/// Names of the contexts that are active after this answer: the last segment of the path, lower
/// case, as triggers are compared (contract r1, life cycle).
///
/// A context counts when its `lifespanCount` is above 0. Canonical JSON leaves 0 out, and a context
/// in its last turn is still listed that way, so an absent count is no trigger; nor is a 0 that is
/// written out.
pub fn output_context_names(response: &Value) -> Vec<String> {
    let contexts = response.pointer("/queryResult/outputContexts").and_then(Value::as_array);
    let active = contexts.into_iter().flatten().filter(|context| {
        context.get("lifespanCount").and_then(Value::as_i64).is_some_and(|left| left > 0)
    });
    active
        .filter_map(|context| context.get("name")?.as_str())
        .map(|name| name.rsplit('/').next().unwrap_or_default().to_lowercase())
        .collect()
}

/// The messages a web chat shows: those for the default platform, or, when there are none, those
/// of the first other platform that has any. Empty texts are left out, and so are payloads without
/// a readable text: they are meant for a program. When nothing is left, the legacy
/// `fulfillmentText` speaks. `language` is that of the visitor, for the few words of ours.
pub fn visible_messages(response: &Value, language: &str) -> Vec<Message> {
    let all = response.pointer("/queryResult/fulfillmentMessages").and_then(Value::as_array);
    let all: Vec<&Value> = all.into_iter().flatten().collect();
    let mut platforms: Vec<&str> = vec![DEFAULT_PLATFORM];
    for message in &all {
        let platform = platform_of(message);
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    let shown = |platform: &&str| {
        let own = all.iter().filter(|message| platform_of(message) == *platform);
        let list: Vec<Message> = own.filter_map(|m| message(m, language)).collect();
        (!list.is_empty()).then_some(list)
    };
    let legacy = || {
        let text = response.pointer("/queryResult/fulfillmentText").and_then(Value::as_str);
        let text = text.filter(|text| !text.trim().is_empty());
        text.map(|text| Message { text: text.to_owned(), rich: None }).into_iter().collect()
    };
    platforms.iter().find_map(shown).unwrap_or_else(legacy)
}

const DEFAULT_PLATFORM: &str = "PLATFORM_UNSPECIFIED";

fn platform_of(message: &Value) -> &str {
    message.get("platform").and_then(Value::as_str).unwrap_or(DEFAULT_PLATFORM)
}

fn message(canonical: &Value, language: &str) -> Option<Message> {
    let lines = match canonical.pointer("/text/text").and_then(Value::as_array) {
        Some(variants) => {
            let text = variants.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
            return (!text.trim().is_empty()).then_some(Message { text, rich: None });
        }
        None => readable(canonical),
    };
    let image = || canonical.pointer("/image/imageUri").and_then(Value::as_str);
    let text = match lines.is_empty() {
        false => lines.join("\n"),
        true if is_program_only(canonical) => return None,
        true => image().unwrap_or_else(|| not_readable(language)).to_owned(),
    };
    Some(Message { text, rich: Some(canonical.clone()) })
}

/// True for a payload, and for a message of no kind or with nothing in it.
fn is_program_only(canonical: &Value) -> bool {
    let kinds = canonical.as_object().into_iter().flatten().filter(|(key, _)| *key != "platform");
    kinds.into_iter().all(|(key, value)| {
        key == "payload" || value.is_null() || value.as_object().is_some_and(Map::is_empty)
    })
}

/// Shown where a message cannot be put into words and the chat cannot show it otherwise.
fn not_readable(language: &str) -> &'static str {
    match language.split('-').next().unwrap_or_default().to_lowercase().as_str() {
        "de" => "[Diese Nachricht kann hier nicht angezeigt werden.]",
        "fr" => "[Ce message ne peut pas être affiché ici.]",
        "es" => "[Este mensaje no se puede mostrar aquí.]",
        _ => "[This message cannot be shown here.]",
    }
}

/// Keys whose texts a person can read, in the order in which they are read.
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

/// Every readable text in a message, each once.
fn readable(canonical: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, content) in canonical.as_object().into_iter().flatten() {
        if key != "platform" {
            collect(content, 0, &mut lines);
        }
    }
    lines
}

/// Depth to which a payload is read.
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
            // Payloads nest what they show under names of their own.
            for (key, inner) in map {
                if !READABLE.contains(&key.as_str()) && !inner.is_string() {
                    collect(inner, depth + 1, lines);
                }
            }
        }
        _ => {}
    }
}

/// A button that opens a page, as a line that still leads there.
fn labelled_link(map: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let label = text("text").or_else(|| text("title"))?;
    let action = map.get("openUriAction").and_then(|a| a.get("uri")).and_then(Value::as_str);
    let link = action.or_else(|| text("postback")).or_else(|| text("link"))?;
    let is_page = link.starts_with("https://") || link.starts_with("http://");
    is_page.then(|| format!("{label}: {link}"))
}

fn push(text: &str, lines: &mut Vec<String>) {
    let text = text.trim();
    if !text.is_empty() && !lines.iter().any(|line| line == text) {
        lines.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(messages: &Value) -> Vec<(String, bool)> {
        let response = json!({ "queryResult": { "fulfillmentMessages": messages } });
        let visible = visible_messages(&response, "en");
        visible.into_iter().map(|m| (m.text, m.rich.is_some())).collect()
    }

    #[test]
    fn a_context_in_its_last_turn_is_no_trigger() {
        let response = json!({ "queryResult": { "outputContexts": [
            { "name": "projects/p/agent/sessions/s/contexts/OPERATOR_REQUEST", "lifespanCount": 1 },
            { "name": "projects/p/agent/sessions/s/contexts/over" },
            { "name": "projects/p/agent/sessions/s/contexts/gone", "lifespanCount": 0 },
            { "name": "bare", "lifespanCount": 5 },
        ] } });
        assert_eq!(output_context_names(&response), ["operator_request", "bare"]);
        assert_eq!(output_context_names(&json!({})), Vec::<String>::new());
    }

    #[test]
    fn the_default_platform_speaks_if_it_can() {
        let said = texts(&json!([
            { "platform": "FACEBOOK", "text": { "text": ["for facebook"] } },
            { "text": { "text": ["hello"] } },
            { "text": { "text": ["  "] } },
        ]));
        assert_eq!(said, [("hello".to_owned(), false)]);
        let other = texts(&json!([
            { "text": { "text": [""] } },
            { "platform": "FACEBOOK", "text": { "text": ["for facebook"] } },
            { "platform": "SLACK", "text": { "text": ["for slack"] } },
        ]));
        assert_eq!(other, [("for facebook".to_owned(), false)]);
    }

    #[test]
    fn every_kind_has_words() {
        let said = texts(&json!([
            { "card": { "title": "Room", "subtitle": "big", "buttons": [
                { "text": "Yes" }, { "text": "Plan", "postback": "https://example.org/plan" } ] } },
            { "quickReplies": { "title": "Which?", "quickReplies": ["A", "B"] } },
            { "image": { "imageUri": "https://example.org/cat.png" } },
            { "image": { "imageUri": "https://example.org/c.png", "accessibilityText": "a cat" } },
            { "payload": { "richContent": [[{ "type": "chips",
                "options": [{ "text": "Start", "link": "", "image": {} }] }]] } },
            { "payload": { "doSomething": true } },
            { "mediaContent": { "mediaObjects": [{ "contentUrl": "https://example.org/a" }] } },
            {},
        ]));
        let words: Vec<&str> = said.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(
            words,
            [
                "Room\nbig\nYes\nPlan: https://example.org/plan",
                "Which?\nA\nB",
                "https://example.org/cat.png",
                "a cat",
                "Start",
                "[This message cannot be shown here.]",
            ]
        );
        assert!(said.iter().all(|(_, rich)| *rich));
    }
}
