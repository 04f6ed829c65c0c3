//! The built-in `@sys` entities.

use std::{collections::HashSet, sync::Arc};

use jiff::Zoned;
use serde_json::{Value, json};

use super::{lexicon::Span, text::Text};

/// The time a text is read at, in the time zone that counts.
pub(crate) type Moment = Zoned;

/// True for entities that take any words where a phrase or a prompt expects them.
pub(crate) fn is_open(entity: &str) -> bool {
    entity.starts_with("@sys.") && (!recognises(entity) || entity == "@sys.any")
}

/// True for the entities that may be a whole sentence.
pub(crate) fn takes_anything(entity: &str) -> bool {
    entity == "@sys.any"
}

pub(crate) fn is_measure(_entity: &str) -> bool {
    false
}

pub(crate) fn recognises(entity: &str) -> bool {
    entity == "@sys.any" || entity == "@sys.ignore"
}

/// The value of an open entity filled with these words.
pub(crate) fn open_value(entity: &str, words: &str) -> Value {
    match entity {
        "@sys.person" => json!({ "name": words }),
        _ => Value::String(words.to_owned()),
    }
}

pub(crate) fn find(_: &Text, _: &HashSet<Arc<str>>, _: &str, _: &Moment) -> Vec<Span> {
    Vec::new()
}

/// True for entities that are recognised only loosely, so that an answer to a prompt is taken.
pub(crate) fn reads_answers(_entity: &str) -> bool {
    false
}
