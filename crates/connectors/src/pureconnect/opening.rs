//! What `start` tells `PureConnect` about a handover.

use std::collections::BTreeMap;

use connector::{HandoverInfo, text};
use machine::{
    Millis, TextFormat,
    chat::{Line, Opening, Speaker},
};

use super::{api::StartRequest, settings::Transcript};

/// Most characters of one message that carries the transcript.
const MESSAGE_CHARS_MAX: usize = 4_000;
/// Most characters of the transcript in `customInfo`; of a longer one the end is sent.
const CUSTOM_INFO_CHARS_MAX: usize = 4_000;

/// The settings that an opening needs.
pub(super) struct OpeningSettings {
    pub(super) transcript: Transcript,
    pub(super) is_icws: bool,
    pub(super) language: Option<String>,
    pub(super) participant_name: Option<String>,
    pub(super) bot_name: String,
    pub(super) notes: String,
    pub(super) attributes: BTreeMap<String, String>,
}

/// The start request of a handover. `at` is the time of lines without one.
pub(super) fn start(
    settings: &OpeningSettings,
    chat: &HandoverInfo,
    opening: &Opening,
    at: Millis,
) -> StartRequest {
    let name = settings.participant_name.clone().unwrap_or_else(|| chat.user_id.clone());
    let language = settings.language.clone().unwrap_or_else(|| chat.language.to_lowercase());
    let mut attributes = settings.attributes.clone();
    let ours = [
        ("handover", format!("{}/{}", chat.chat, chat.opening)),
        ("botId", chat.bot_id.clone()),
        ("userId", chat.user_id.clone()),
        ("intent", opening.intent.clone().unwrap_or_default()),
    ];
    for (name, value) in ours.into_iter().filter(|(_, value)| !value.is_empty()) {
        attributes.entry(name.to_owned()).or_insert(value);
    }
    let intent = opening.intent.as_ref().map(|intent| format!("Intent: {intent}"));
    let notes = [Some(settings.notes.clone()).filter(|notes| !notes.is_empty()), intent];
    let mut notes = notes.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let mut history = Vec::new();
    if settings.transcript == Transcript::Field {
        history = lines(opening);
        if !settings.is_icws {
            if !notes.is_empty() {
                notes.push('\n');
            }
            notes.push_str(&end_of(&as_text(settings, &name, &history)));
        }
    }
    StartRequest { name, language, notes, attributes, history, at, webhook: None }
}

/// The transcript as messages of the visitor; empty where it goes into a field.
pub(super) fn messages(settings: &OpeningSettings, name: &str, opening: &Opening) -> Vec<String> {
    if settings.transcript != Transcript::Message {
        return Vec::new();
    }
    text::split(&as_text(settings, name, &lines(opening)), MESSAGE_CHARS_MAX)
}

/// Everything said so far, with the message that asked for a human.
fn lines(opening: &Opening) -> Vec<Line> {
    let mut lines = opening.transcript.clone();
    let asked = |line: &Line| line.from == Speaker::Visitor && line.text == opening.text;
    if !opening.text.trim().is_empty() && !lines.iter().any(asked) {
        lines.push(Line {
            from: Speaker::Visitor,
            text: opening.text.clone(),
            format: TextFormat::Plain,
            at: None,
        });
    }
    lines
}

fn as_text(settings: &OpeningSettings, name: &str, lines: &[Line]) -> String {
    let write = |line: &Line| {
        let name = match line.from {
            Speaker::Visitor => name,
            Speaker::Bot => &settings.bot_name,
            Speaker::Agent => "Agent",
        };
        format!("{name}: {}", line.text)
    };
    lines.iter().map(write).collect::<Vec<_>>().join("\n")
}

fn end_of(text: &str) -> String {
    let surplus = text.chars().count().saturating_sub(CUSTOM_INFO_CHARS_MAX);
    text.chars().skip(surplus).collect()
}
