//! Genesys Cloud, in either of its two ways of messaging: [`open`] speaks Open Messaging, server
//! to server, and is what a middleware should use; [`web`] speaks the protocol of the browser's
//! widget and needs nothing but a deployment.
//!
//! What both have in common is here: where a region's servers are, and the first words of a
//! handover.

use connector::{HandoverInfo, text};
use machine::chat::{Opening, Speaker};
use serde_json::{Map, Value, json};

mod client;
mod conversation;
mod message;
mod notifications;
mod open;
mod seats;
mod web;

pub(crate) use open::OpenMessaging;
pub(crate) use web::WebMessaging;

/// Characters of one text, unless the settings say otherwise: the limit of Web Messaging, and
/// the vendor publishes none for Open Messaging.
const TEXT_CHARS_MAX: usize = 4_000;
/// Characters of a transcript, unless the settings say otherwise; of a longer one the end is told.
const TRANSCRIPT_CHARS_MAX: usize = 12_000;

/// How much is told, and in what pieces.
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

    /// A text as the messages it has to be sent as.
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
        let told = if over == 0 {
            whole
        } else {
            let end: String = whole.chars().skip(over).collect();
            format!("(The beginning is left out.)\n{end}")
        };
        // A visitor who wrote nothing opens a conversation all the same.
        self.parts(if told.trim().is_empty() { "…" } else { &told })
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
