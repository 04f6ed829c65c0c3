//! The normalized message of Genesys Cloud, which Open and Web Messaging share.

use connector::text::{from_plain, link};
use serde_json::Value;

/// The text that a visitor reads: the message's own, files as links, quick replies as a list.
/// `None` when there is nothing to read.
pub(super) fn text(message: &Value) -> Option<String> {
    let text = message["text"].as_str().unwrap_or_default().trim();
    let content = message["content"].as_array().into_iter().flatten().filter_map(part);
    let parts: Vec<String> =
        [from_plain(text)].into_iter().chain(content).filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn part(part: &Value) -> Option<String> {
    let attachment = &part["attachment"];
    if let Some(url) = attachment["url"].as_str() {
        return Some(link(attachment["filename"].as_str().unwrap_or_default(), url));
    }
    let answer =
        ["quickReply", "buttonResponse"].iter().find_map(|kind| part[kind]["text"].as_str());
    answer.map(|answer| format!("* {}", from_plain(answer)))
}

/// For how many milliseconds the human agent types; `None` for any other event.
pub(super) fn types_ms(message: &Value) -> Option<i64> {
    let mut events = message["events"].as_array().into_iter().flatten();
    let typing = events.find(|event| event["eventType"] == "Typing")?;
    if typing["typing"]["type"] == "Off" {
        return Some(0);
    }
    Some(typing["typing"]["duration"].as_i64().unwrap_or(TYPING_MS).clamp(0, TYPING_MS_MAX))
}

/// Used when the event has no duration.
const TYPING_MS: i64 = 5_000;
const TYPING_MS_MAX: i64 = 60_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_files_and_offers_are_words() {
        let file = json!({ "contentType": "Attachment", "attachment": {
            "mediaType": "File", "url": "https://files.test/a.pdf", "filename": "a.pdf" } });
        let offer = json!({ "contentType": "QuickReply", "quickReply": { "text": "Yes" } });
        for (message, expected) in [
            (json!({ "text": "hello" }), Some("hello")),
            (json!({ "text": "", "content": [file] }), Some("[a.pdf](https://files.test/a.pdf)")),
            (json!({ "text": "Well?", "content": [offer] }), Some("Well?\n* Yes")),
            (json!({ "content": [{ "contentType": "Unheard" }] }), None),
        ] {
            assert_eq!(text(&message).as_deref(), expected, "{message}");
        }
    }
}
