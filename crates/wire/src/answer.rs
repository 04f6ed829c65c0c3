//! A bot's answer, a detectIntent response of either edition, as what a visitor sees of it.
//!
//! The one reader of both halves: the platform shows [`visible_messages`], and the bridge writes
//! their [`words`] into the transcript for the human agent, whichever platform sent them.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

mod canonical;
mod elements;
mod readable;
mod words;

use canonical::field;
pub use elements::content;

/// One message to show.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The message as text, for every kind of message.
    pub text: String,
    /// The canonical message, if it is more than text.
    pub rich: Option<Value>,
}

/// All words that the visitor saw of a response, a line for each text; empty where it says nothing.
#[must_use]
pub fn words(response: &Value) -> String {
    let language = result_of(response).and_then(|result| field(result, "languageCode")?.as_str());
    let messages = visible_messages(response, language.unwrap_or("en"));
    let texts: Vec<String> = messages.into_iter().map(|message| message.text).collect();
    texts.join("\n")
}

/// The messages that a web chat shows, of either edition: those for the default platform or
/// channel, or else those of the first other one that has any. Empty texts are left out, and so are
/// payloads and signals without readable text, which are for programs. Texts for speech are shown
/// only where there are no written ones. When nothing is left, the message is the legacy
/// `fulfillmentText`, or else the payload of the agent's webhook. `language` is the visitor's, for
/// our own texts.
#[must_use]
pub fn visible_messages(response: &Value, language: &str) -> Vec<Message> {
    let Some(result) = result_of(response) else { return Vec::new() };
    let list = |name: &str| field(result, name).and_then(Value::as_array).into_iter().flatten();
    let all: Vec<Cow<'_, Value>> = list("fulfillmentMessages")
        .chain(list("responseMessages"))
        .map(canonical::message)
        .collect();
    let mut platforms: Vec<&str> = vec![DEFAULT_PLATFORM];
    for message in &all {
        let platform = platform_of(message);
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    let shown = |platform: &&str| {
        let own = all.iter().filter(|message| platform_of(message) == *platform);
        let written = own.clone().any(|message| message.get("text").is_some());
        let own = own.filter(|message| !written || message.get("outputAudioText").is_none());
        let list: Vec<Message> = own.filter_map(|m| message(m, language)).collect();
        (!list.is_empty()).then_some(list)
    };
    let shown = platforms.iter().find_map(shown);
    shown.unwrap_or_else(|| beside(result, language).into_iter().collect())
}

/// What a result says beside its messages.
fn beside(result: &Value, language: &str) -> Option<Message> {
    let text = field(result, "fulfillmentText").and_then(Value::as_str);
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        return Some(Message { text: text.to_owned(), rich: None });
    }
    let payload = canonical::payload(field(result, "webhookPayload")?);
    message(&json!({ "payload": payload }), language)
}

fn result_of(response: &Value) -> Option<&Value> {
    field(response, "queryResult")
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
        let texts = variants.iter().filter_map(Value::as_str).filter(|text| !text.is_empty());
        let text = texts.collect::<Vec<_>>().join("\n");
        return (!text.trim().is_empty()).then_some(Message { text, rich: None });
    }
    let kinds: Map<String, Value> = kinds(canonical);
    let elements = elements::elements(canonical);
    let lines = if elements.is_empty() {
        readable::lines(&Value::Object(kinds.clone()))
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
fn kinds(canonical: &Value) -> Map<String, Value> {
    const ASIDE: [&str; 7] = [
        "platform",
        "channel",
        "responseType",
        "liveAgentHandoff",
        "endInteraction",
        "conversationSuccess",
        "toolCall",
    ];
    let mut kinds = canonical.as_object().cloned().unwrap_or_default();
    kinds.retain(|key, _| !ASIDE.contains(&key.as_str()));
    kinds
}

/// Whether a message without readable text is for programs: a payload, a sound, or an empty kind.
fn is_for_programs(kind: &str, value: &Value) -> bool {
    matches!(kind, "payload" | "playAudio" | "mixedAudio" | "outputAudioText")
        || value.is_null()
        || value.as_object().is_some_and(Map::is_empty)
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
    use super::*;

    fn texts(messages: &Value) -> Vec<(String, bool)> {
        let response = json!({ "queryResult": { "fulfillmentMessages": messages } });
        let visible = visible_messages(&response, "en");
        visible.into_iter().map(|m| (m.text, m.rich.is_some())).collect()
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

    #[test]
    fn every_client_of_dialogflow_is_understood() {
        for response in [
            // As canonical JSON, from Node.js with plain and with wrapped values, and from Python.
            json!({ "queryResult": { "fulfillmentText": "", "fulfillmentMessages": [
                { "quickReplies": { "title": "Pick one", "quickReplies": ["Alpha", "Beta"] } }
            ] } }),
            json!({ "queryResult": { "fulfillmentText": "", "fulfillmentMessages": [
                { "platform": "PLATFORM_UNSPECIFIED", "message": "quickReplies", "text": null,
                  "quickReplies": { "title": "Pick one", "quickReplies": ["Alpha", "Beta"] } }
            ] } }),
            json!({ "query_result": { "fulfillment_messages": [
                { "quick_replies": { "title": "Pick one", "quick_replies": ["Alpha", "Beta"] } }
            ] } }),
            json!({ "queryResult": { "fulfillmentMessages": [{ "message": "payload", "payload": {
                "fields": { "text": { "stringValue": "Pick one", "kind": "stringValue" },
                    "buttons": { "kind": "listValue", "listValue": { "values": [
                        { "kind": "stringValue", "stringValue": "Alpha" },
                        { "structValue": { "fields": { "title": { "stringValue": "Beta" } } } }
                    ] } } } } }] } }),
            json!({ "queryResult": { "webhookPayload": { "slack": { "text": "Pick one",
                "attachments": [{ "actions": [{ "text": "Alpha" }, { "text": "Beta" }] }] } } } }),
        ] {
            assert_eq!(words(&response), "Pick one\nAlpha\nBeta", "{response}");
        }
    }

    #[test]
    fn what_is_for_programs_has_no_words() {
        for message in [
            json!({ "payload": { "doSomething": true }, "message": "payload" }),
            json!({ "payload": null }),
            json!({}),
            json!({ "endInteraction": {} }),
        ] {
            let response = json!({ "queryResult": { "fulfillmentMessages": [message] } });
            assert_eq!(words(&response), "", "{response}");
        }
        assert_eq!(words(&json!({ "queryResult": { "webhookPayload": { "n": 1 } } })), "");
        assert_eq!(words(&json!(null)), "");
    }
}
