//! Slot filling: reading an answer to a prompt, and leaving.

use super::parameters;
use crate::local::{
    matching::{
        Matcher,
        span::{Capture, Span},
        system,
        text::Text,
    },
    model::Intent,
    session::{Captured, Dialog},
};

/// Similarity from which another intent is meant although the words could be an answer.
pub(crate) const CLEARLY: f32 = 0.8;

/// What the visitor's reply to a prompt gave.
pub(crate) enum Reply {
    /// Recognized values; they are in the dialog now.
    Filled,
    /// The awaited parameter accepts any words; the dialog as it would be with these.
    Taken(Captured),
    Nothing,
}

/// Words that leave slot filling, by language.
const CANCEL: [(&str, &[&str]); 6] = [
    (
        "en",
        &[
            "cancel",
            "cancel it",
            "cancel that",
            "stop",
            "stop it",
            "quit",
            "exit",
            "abort",
            "never mind",
            "nevermind",
            "forget it",
            "forget about it",
            "forget that",
        ],
    ),
    (
        "de",
        &[
            "abbrechen",
            "abbruch",
            "stopp",
            "stop",
            "vergiss es",
            "lass gut sein",
            "lass es",
            "doch nicht",
            "egal",
        ],
    ),
    ("fr", &["annuler", "annule", "stop", "arrête", "arrêter", "laisse tomber", "oublie ça"]),
    ("es", &["cancelar", "cancela", "para", "olvídalo", "déjalo", "salir"]),
    ("it", &["annulla", "annullare", "stop", "lascia perdere", "lascia stare"]),
    ("pt", &["cancelar", "cancela", "pare", "parar", "esquece", "deixa pra lá"]),
];

/// Words before a place or a name that do not belong to it.
const LEADING: [&str; 22] = [
    "in", "at", "to", "near", "from", "the", "my", "name", "is", "im", "it", "its", "for", "im",
    "bei", "aus", "nach", "à", "en", "au", "de", "chez",
];
/// Words after it.
const TRAILING: [&str; 5] = ["please", "thanks", "bitte", "danke", "merci"];

pub(crate) fn is_cancel(text: &Text, language: &str) -> bool {
    let root = language.split('-').next().unwrap_or_default();
    let own = CANCEL.iter().find(|(l, _)| *l == root);
    // English words are understood everywhere.
    own.into_iter().chain(&CANCEL[..1]).any(|(_, words)| words.contains(&text.normal.as_str()))
}

/// Reads the visitor's reply to the prompt of an open dialog.
pub(crate) fn fill(
    intent: &Intent,
    dialog: &mut Dialog,
    matcher: &Matcher,
    text: &Text,
    spans: &[Span],
) -> Reply {
    let Some(awaited) = intent.parameter(&dialog.awaited) else {
        return Reply::Nothing;
    };
    let entity = awaited.entity.as_deref().unwrap_or("@sys.any");
    let mut captured = dialog.captured.clone();
    if system::takes_anything(entity) {
        captured.put(&awaited.name, &whole(entity, text, 0..text.len()), text, awaited.list);
        return Reply::Taken(captured);
    }
    let before = captured.clone();
    let mut taken: Vec<Capture> = Vec::new();
    // The awaited entity goes first: `10` answers "how many?" and is not an hour then.
    let mut answers: Vec<&Span> = spans.iter().filter(|s| &*s.entity == entity).collect();
    answers.sort_by_key(|span| (usize::MAX - span.words.len(), span.words.start));
    let count = if awaited.list { answers.len() } else { 1 };
    for span in answers.into_iter().take(count) {
        let capture = Capture { words: span.words.clone(), value: span.value.clone() };
        captured.put(&awaited.name, &capture, text, awaited.list);
        taken.push(capture);
    }
    parameters::fill(intent, text, spans, &mut captured, &mut taken);
    if captured.has(&awaited.name) {
        dialog.captured = captured;
        return Reply::Filled;
    }
    let free = bare_words(text);
    if matcher.lexicon.is_open(entity) && !free.is_empty() {
        captured.put(&awaited.name, &whole(entity, text, free), text, awaited.list);
        return Reply::Taken(captured);
    }
    if captured == before {
        return Reply::Nothing;
    }
    dialog.captured = captured;
    Reply::Filled
}

fn whole(entity: &str, text: &Text, words: std::ops::Range<usize>) -> Capture {
    Capture { value: system::open_value(entity, text.written(words.clone())), words }
}

/// The words without those that lead to the answer or follow it.
fn bare_words(text: &Text) -> std::ops::Range<usize> {
    let (mut start, mut end) = (0, text.len());
    while start + 1 < end && LEADING.contains(&text.word(start)) {
        start += 1;
    }
    while start + 1 < end && TRAILING.contains(&text.word(end - 1)) {
        end -= 1;
    }
    start..end
}
