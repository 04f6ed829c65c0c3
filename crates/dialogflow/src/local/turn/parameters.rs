//! From the entities found in a text to the parameters of an intent.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::references::{Scope, is_empty};
use crate::local::{
    matching::{
        Candidate, Matcher,
        span::{Capture, Span},
        system,
        text::Text,
    },
    model::{Intent, Parameter},
    session::{Captured, Session},
};

/// Longest value of an open entity after the word that announces it (`in`, `for`), in words.
const ANNOUNCED_WORDS_MAX: usize = 4;

/// The parameter values in a text that matched an intent.
pub(crate) fn capture(
    intent: &Intent,
    candidate: &Candidate,
    matcher: &Matcher,
    text: &Text,
    spans: &[Span],
) -> Captured {
    let mut captured = Captured::default();
    let mut taken: Vec<Capture> = Vec::new();
    let phrase = &matcher.phrases[candidate.phrase as usize];
    let slots = phrase.parts.iter().filter(|part| part.slot().is_some());
    for (part, capture) in slots.zip(&candidate.captures) {
        if let Some(alias) = &part.alias {
            let list = intent.parameter(alias).is_some_and(|p| p.list);
            captured.put(alias, capture, text, list);
            taken.push(capture.clone());
        }
    }
    fill(intent, text, spans, &mut captured, &mut taken);
    if candidate.captures.is_empty() {
        fill_announced(intent, candidate.intent, matcher, text, spans, &mut captured, &mut taken);
    }
    captured
}

/// Gives the entities that are not used yet to the parameters that are still empty.
pub(crate) fn fill(
    intent: &Intent,
    text: &Text,
    spans: &[Span],
    captured: &mut Captured,
    taken: &mut Vec<Capture>,
) {
    let wants = |span: &Span, captured: &Captured| {
        intent
            .parameters
            .iter()
            .any(|p| p.entity.as_ref() == Some(&span.entity) && (p.list || !captured.has(&p.name)))
    };
    // The longest first: `10` in `10 am` is not a number.
    let mut free: Vec<&Span> = spans.iter().filter(|span| wants(span, captured)).collect();
    free.sort_by_key(|span| (usize::MAX - span.words.len(), span.words.start));
    let mut chosen: Vec<&Span> = Vec::new();
    for span in free {
        let overlaps = |other: &std::ops::Range<usize>| {
            span.words.start < other.end && other.start < span.words.end
        };
        let same = |other: &&&Span| overlaps(&other.words) && other.words != span.words;
        let other_use = chosen.iter().find(same).is_some()
            || chosen.iter().any(|o| o.words == span.words && o.entity == span.entity);
        if !other_use && !taken.iter().any(|t| overlaps(&t.words)) {
            chosen.push(span);
        }
    }
    chosen.sort_by_key(|span| span.words.start);
    for span in chosen {
        let capture = Capture { words: span.words.clone(), value: span.value.clone() };
        let open = intent.parameters.iter().find(|p| {
            p.entity.as_ref() == Some(&span.entity) && (p.list || !captured.has(&p.name))
        });
        if let Some(parameter) = open {
            captured.put(&parameter.name, &capture, text, parameter.list);
            taken.push(capture);
        }
    }
}

/// Open entities have no list of values; training phrases show which words announce them (`in
/// Moscow`). The value is what follows such a word in the text and is not in the intent's phrases.
fn fill_announced(
    intent: &Intent,
    position: usize,
    matcher: &Matcher,
    text: &Text,
    spans: &[Span],
    captured: &mut Captured,
    taken: &mut Vec<Capture>,
) {
    let mut vocabulary: HashSet<String> = HashSet::new();
    let mut announcements: Vec<(&str, String)> = Vec::new();
    for phrase in matcher.phrases.iter().filter(|phrase| phrase.intent == position) {
        let mut before = String::new();
        for part in &phrase.parts {
            if let (Some(_), Some(alias)) = (part.slot(), &part.alias) {
                announcements.push((alias, std::mem::take(&mut before)));
            } else {
                let words = matcher.lexicon.read(&part.text);
                vocabulary.extend(words.words().map(str::to_owned));
                if words.len() > 0 {
                    words.word(words.len() - 1).clone_into(&mut before);
                }
            }
        }
    }
    for parameter in intent.parameters.iter().filter(|p| !p.list) {
        let Some(entity) = parameter.entity.as_ref().filter(|e| system::is_open(e)) else {
            continue;
        };
        if captured.has(&parameter.name) || system::takes_anything(entity) {
            continue;
        }
        let announced = |word: &str| {
            announcements.iter().any(|(alias, w)| *alias == parameter.name && w == word)
        };
        let is_free = |at: usize| {
            !vocabulary.contains(text.word(at))
                && !taken.iter().any(|t| t.words.contains(&at))
                && !spans.iter().any(|s| s.words.contains(&at) && system::is_measure(&s.entity))
        };
        // Names do not begin with a small letter: `in fact` announces no place.
        let is_name = |at: &usize| !text.written(*at..at + 1).starts_with(char::is_lowercase);
        let starts = (1..text.len()).filter(|at| announced(text.word(at - 1))).filter(is_name);
        let found = starts.into_iter().find_map(|start| {
            let end = (start..text.len()).take(ANNOUNCED_WORDS_MAX).take_while(|at| is_free(*at));
            let end = end.last()? + 1;
            Some(start..end)
        });
        if let Some(words) = found {
            let value = system::open_value(entity, text.written(words.clone()));
            let capture = Capture { words, value };
            captured.put(&parameter.name, &capture, text, false);
            taken.push(capture);
        }
    }
}

impl Captured {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !is_empty(value))
    }

    pub(crate) fn put(&mut self, name: &str, capture: &Capture, text: &Text, list: bool) {
        let original = Value::String(text.written(capture.words.clone()).to_owned());
        for (map, value) in
            [(&mut self.values, capture.value.clone()), (&mut self.originals, original)]
        {
            match map.get_mut(name) {
                Some(Value::Array(items)) if list => items.push(value),
                _ if list => {
                    map.insert(name.to_owned(), Value::Array(vec![value]));
                }
                _ => {
                    map.insert(name.to_owned(), value);
                }
            }
        }
    }
}

/// The first required parameter without a value.
pub(crate) fn missing<'a>(
    intent: &'a Intent,
    values: &Map<String, Value>,
) -> Option<&'a Parameter> {
    let empty = |p: &&Parameter| values.get(&p.name).is_none_or(is_empty);
    intent.parameters.iter().filter(|p| p.required).find(empty)
}

/// The values of the intent's parameters: captured values, constants, references and defaults.
/// As in the service, a parameter without a value is `""` or `[]`, never absent.
pub(crate) fn resolve(intent: &Intent, captured: &Captured, session: &Session) -> Captured {
    let mut resolved = captured.clone();
    for parameter in &intent.parameters {
        let scope = Scope { values: &resolved.values, originals: &resolved.originals, session };
        let own = format!("${}", parameter.name);
        let mut original = Value::Null;
        let mut value = match parameter.value.trim() {
            "" => captured.values.get(&parameter.name).cloned().unwrap_or_default(),
            reference if reference == own => {
                captured.values.get(&parameter.name).cloned().unwrap_or_default()
            }
            reference => {
                // A value from a context comes with the visitor's words for it.
                if reference.starts_with('#') && !resolved.originals.contains_key(&parameter.name) {
                    original = scope.value(&format!("{reference}.original"));
                }
                scope.value(reference)
            }
        };
        if is_empty(&value) && !parameter.default.is_empty() {
            value = scope.value(&parameter.default);
        }
        let is_array = value.is_array();
        let value = match (parameter.list, is_empty(&value)) {
            (true, true) => Value::Array(Vec::new()),
            (true, false) if !is_array => Value::Array(vec![value]),
            (false, true) => Value::String(String::new()),
            _ => value,
        };
        resolved.values.insert(parameter.name.clone(), value);
        let original = match is_empty(&original) {
            false => original,
            true if parameter.list => Value::Array(Vec::new()),
            true => Value::String(String::new()),
        };
        resolved.originals.entry(parameter.name.clone()).or_insert(original);
    }
    // Phrases may have aliases that are not parameters of the intent.
    resolved.values.retain(|name, _| intent.parameter(name).is_some());
    resolved.originals.retain(|name, _| intent.parameter(name).is_some());
    ordered(intent, resolved)
}

fn ordered(intent: &Intent, mut resolved: Captured) -> Captured {
    let mut result = Captured::default();
    for parameter in &intent.parameters {
        let name = &parameter.name;
        if let Some(value) = resolved.values.shift_remove(name) {
            result.values.insert(name.clone(), value);
        }
        if let Some(value) = resolved.originals.shift_remove(name) {
            result.originals.insert(name.clone(), value);
        }
    }
    result
}
