//! What the platform reads from a canonical detectIntent response.

use serde_json::Value;

use crate::rich::{self, readable, words};

/// One message to show.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The message as text, for every kind of message.
    pub text: String,
    /// The canonical message, if it is more than text.
    pub rich: Option<Value>,
}

/// Names of the contexts that are active after this answer: the last segment of the path in lower
/// case, as triggers are compared (contract r1, life cycle).
///
/// A context counts when its `lifespanCount` is above 0. A context in its last turn is listed with
/// 0, which canonical JSON leaves out; so neither an absent count nor 0 is a trigger.
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

/// The messages that a web chat shows, of either edition: those for the default platform or
/// channel, or else those of the first other one that has any. Empty texts are left out, and so are
/// payloads and signals without readable text, which are for programs. Texts for speech are shown
/// only where there are no written ones. When nothing is left, the message is the legacy
/// `fulfillmentText`. `language` is the visitor's, for our own texts.
pub fn visible_messages(response: &Value, language: &str) -> Vec<Message> {
    let list = |name: &str| response.pointer(name).and_then(Value::as_array).into_iter().flatten();
    let all: Vec<&Value> = list("/queryResult/fulfillmentMessages")
        .chain(list("/queryResult/responseMessages"))
        .collect();
    let mut platforms: Vec<&str> = vec![DEFAULT_PLATFORM];
    for message in &all {
        let platform = platform_of(message);
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    let shown = |platform: &&str| {
        let own: Vec<&&Value> = all.iter().filter(|m| platform_of(m) == *platform).collect();
        let written = own.iter().any(|message| message.get("text").is_some());
        let own = own.iter().filter(|m| !written || m.get("outputAudioText").is_none());
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

/// ES names a platform, CX a channel.
fn platform_of(message: &Value) -> &str {
    let named =
        |key: &str| message.get(key).and_then(Value::as_str).filter(|name| !name.is_empty());
    named("platform").or_else(|| named("channel")).unwrap_or(DEFAULT_PLATFORM)
}

fn message(canonical: &Value, language: &str) -> Option<Message> {
    if let Some(variants) = canonical.pointer("/text/text").and_then(Value::as_array) {
        let text = variants.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
        return (!text.trim().is_empty()).then_some(Message { text, rich: None });
    }
    let kinds: Vec<(&String, &Value)> = kinds(canonical).collect();
    let elements = rich::elements(canonical);
    let lines = if elements.is_empty() {
        kinds.iter().flat_map(|(_, value)| readable::lines(value)).collect()
    } else {
        words::lines(&elements)
    };
    let text = match lines.is_empty() {
        false => lines.join("\n"),
        true if kinds.iter().all(|(kind, value)| is_for_programs(kind, value)) => return None,
        true => not_readable(language).to_owned(),
    };
    Some(Message { text, rich: Some(canonical.clone()) })
}

/// The content of a message by kind, without its recipient, and without the signals, whose texts
/// are notes for programs.
fn kinds(canonical: &Value) -> impl Iterator<Item = (&String, &Value)> {
    const ASIDE: [&str; 7] = [
        "platform",
        "channel",
        "responseType",
        "liveAgentHandoff",
        "endInteraction",
        "conversationSuccess",
        "toolCall",
    ];
    let all = canonical.as_object().into_iter().flatten();
    all.filter(|(key, _)| !ASIDE.contains(&key.as_str()))
}

/// Whether a message without readable text is for programs: a payload, a sound, or an empty kind.
fn is_for_programs(kind: &str, value: &Value) -> bool {
    matches!(kind, "payload" | "playAudio" | "mixedAudio" | "outputAudioText")
        || value.is_null()
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Shown for a message without readable text that a visitor should know about.
fn not_readable(language: &str) -> &'static str {
    match language.split('-').next().unwrap_or_default().to_lowercase().as_str() {
        "de" => "[Diese Nachricht kann hier nicht angezeigt werden.]",
        "fr" => "[Ce message ne peut pas être affiché ici.]",
        "es" => "[Este mensaje no se puede mostrar aquí.]",
        _ => "[This message cannot be shown here.]",
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
            { "hologram": { "bytes": 7 } },
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
                "https://example.org/a",
                "[This message cannot be shown here.]",
            ]
        );
        assert!(said.iter().all(|(_, rich)| *rich));
    }

    #[test]
    fn the_messages_of_flows_are_shown_and_their_signals_are_not() {
        let said = |messages: Value| -> Vec<String> {
            let response = json!({ "queryResult": { "responseMessages": messages } });
            visible_messages(&response, "en").into_iter().map(|m| m.text).collect()
        };
        let told = json!([
            { "responseType": "ENTRY_PROMPT", "text": { "text": ["hello"] } },
            { "outputAudioText": { "ssml": "<speak>hello</speak>" } },
            { "liveAgentHandoff": { "metadata": { "text": "secret" } } },
            { "conversationSuccess": { "metadata": { "title": "secret" } } },
            { "endInteraction": {} },
            { "knowledgeInfoCard": {} },
            { "playAudio": { "audioUri": "gs://bucket/bell.wav" } },
            { "responseType": "HANDLER_PROMPT", "payload": { "doSomething": true } },
            { "telephonyTransferCall": { "phoneNumber": "+43 1 234" } },
            { "channel": "TELEPHONY", "text": { "text": ["only by phone"] } },
        ]);
        assert_eq!(said(told), ["hello", "+43 1 234: tel:+431234"]);
        let spoken = json!([{ "outputAudioText": { "ssml": "<speak>Good <b>day</b></speak>" } }]);
        assert_eq!(said(spoken), ["Good day"]);
        assert_eq!(said(json!([{ "liveAgentHandoff": {} }])), Vec::<String>::new());
    }
}
