//! Genesys Cloud, by either of its two messaging APIs. [`open`] is Open Messaging, made for
//! servers; a middleware should use it. [`web`] is Web Messaging, the protocol of the browser's
//! widget; it needs only a Messenger deployment.
//!
//! Both share what is here: sizes of texts, the transcript and the custom attributes.

use connector::{HandoverInfo, text};
use machine::chat::{Opening, Speaker};
use serde_json::{Map, Value, json};

mod client;
mod message;
mod open;
mod snapshot;
mod web;

pub(crate) use open::OpenMessaging;
pub(crate) use web::WebMessaging;

/// Most characters of one text, unless the settings say otherwise: the limit of Web Messaging.
/// The vendor publishes none for Open Messaging.
const TEXT_CHARS_MAX: usize = 4_000;
/// Most characters of a transcript, unless the settings say otherwise; of a longer one the end is
/// sent.
const TRANSCRIPT_CHARS_MAX: usize = 12_000;

/// Limits for texts, in characters.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    text_chars_max: usize,
    transcript_chars_max: usize,
}

impl Sizes {
    fn of(text_chars_max: Option<usize>, transcript_chars_max: Option<usize>) -> Self {
        Self {
            text_chars_max: text_chars_max.unwrap_or(TEXT_CHARS_MAX).max(1),
            transcript_chars_max: transcript_chars_max.unwrap_or(TRANSCRIPT_CHARS_MAX),
        }
    }

    /// Splits a text into messages.
    fn parts(&self, text: &str) -> Vec<String> {
        text::split(text, self.text_chars_max)
    }

    /// What was said before the handover, one line for each text.
    fn transcript(&self, opening: &Opening) -> Vec<String> {
        let lines = opening.transcript.iter().map(|line| {
            let who = match line.from {
                Speaker::Visitor => "Visitor",
                Speaker::Bot => "Bot",
                Speaker::Agent => "Agent",
            };
            format!("{who}: {}", line.text)
        });
        let whole: Vec<String> = lines.collect();
        let whole = if whole.is_empty() { opening.text.clone() } else { whole.join("\n") };
        let over = whole.chars().count().saturating_sub(self.transcript_chars_max);
        let text = if over == 0 {
            whole
        } else {
            let end: String = whole.chars().skip(over).collect();
            format!("(The beginning is left out.)\n{end}")
        };
        // Without a text no conversation would be opened.
        self.parts(if text.trim().is_empty() { "…" } else { &text })
    }
}

/// The custom attributes of a conversation, by which flows route it: those of the settings, and
/// `botId`, `language` and `intent`.
fn attributes(settings: &Map<String, Value>, chat: &HandoverInfo, opening: &Opening) -> Value {
    let mut attributes = settings.clone();
    attributes.insert("botId".to_owned(), json!(chat.bot_id));
    attributes.insert("language".to_owned(), json!(opening.language));
    if let Some(intent) = &opening.intent {
        attributes.insert("intent".to_owned(), json!(intent));
    }
    Value::Object(attributes)
}
