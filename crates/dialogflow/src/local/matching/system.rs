//! The built-in `@sys` entities. Numbers, times, amounts, addresses, colours and well-known places
//! are recognized in sentences. The others are *open*: they accept any words where a phrase or a
//! prompt expects them. Values have the same form as in the service.

use std::{collections::HashSet, ops::Range, sync::Arc};

use jiff::Zoned;
use serde_json::{Value, json};

use super::{span::Span, text::Text};

mod amounts;
mod dates;
mod homonyms;
mod months;
mod numbers;
mod places;
mod times;
mod written;

#[cfg(test)]
mod tests;

/// The time of the query in its time zone.
pub(crate) type Moment = Zoned;

/// Entities whose words are never part of a name or a place.
const MEASURES: [&str; 21] = [
    "@sys.number",
    "@sys.number-integer",
    "@sys.cardinal",
    "@sys.ordinal",
    "@sys.percentage",
    "@sys.date",
    "@sys.time",
    "@sys.date-time",
    "@sys.date-period",
    "@sys.time-period",
    "@sys.duration",
    "@sys.unit-currency",
    "@sys.age",
    "@sys.temperature",
    "@sys.unit-length",
    "@sys.unit-weight",
    "@sys.unit-volume",
    "@sys.unit-area",
    "@sys.unit-speed",
    "@sys.unit-information",
    "@sys.number-sequence",
];

const WRITTEN: [&str; 4] = ["@sys.email", "@sys.url", "@sys.phone-number", "@sys.color"];

/// Recognized from a list, and open as well.
const LISTED: [&str; 3] = ["@sys.geo-country", "@sys.geo-city", "@sys.location"];

/// Open, and not expected to be recognized in a sentence.
const OPEN: [&str; 4] = ["@sys.any", "@sys.given-name", "@sys.last-name", "@sys.person"];

/// An entity, its words and its value.
pub(crate) type Found = (&'static str, Range<usize>, Value);

/// Whether a notice is unnecessary: the entity is recognized in sentences, or need not be.
pub(crate) fn recognises(entity: &str) -> bool {
    entity == "@sys.ignore"
        || is_measure(entity)
        || WRITTEN.contains(&entity)
        || LISTED.contains(&entity)
        || OPEN.contains(&entity)
}

/// Whether the entity accepts any words where a phrase or a prompt expects it.
pub(crate) fn is_open(entity: &str) -> bool {
    let closed = is_measure(entity) || WRITTEN.contains(&entity) || entity == "@sys.ignore";
    entity.starts_with("@sys.") && !closed
}

/// Whether the entity may be a whole sentence.
pub(crate) fn takes_anything(entity: &str) -> bool {
    entity == "@sys.any"
}

pub(crate) fn is_measure(entity: &str) -> bool {
    MEASURES.contains(&entity)
}

/// The value of an open entity from these words.
pub(crate) fn open_value(entity: &str, words: &str) -> Value {
    match entity {
        "@sys.person" => json!({ "name": words }),
        "@sys.location" => places::location(words),
        _ => Value::String(words.to_owned()),
    }
}

/// Finds every wanted entity in a text.
pub(crate) fn find(
    text: &Text,
    wanted: &HashSet<Arc<str>>,
    language: &str,
    moment: &Moment,
) -> Vec<Span> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let root = language.split('-').next().unwrap_or_default();
    let numbers = numbers::find(text, root);
    let dates = dates::find(text, root, &numbers, moment);
    let times = times::find(text, root, &numbers);
    let mut found: Vec<Found> = numbers::entities(text, &numbers);
    found.extend(amounts::find(text, root, &numbers));
    found.extend(times::combined(text, &dates, &times, moment));
    found.extend(times::periods(text, &times, moment));
    found.extend(dates::periods(text, &dates, moment));
    found.extend(dates.iter().map(|d| ("@sys.date", d.words.clone(), dates::noon(d.day, moment))));
    found.extend(times.iter().map(|t| ("@sys.time", t.words.clone(), t.value(moment))));
    found.extend(places::find(text));
    let links = written::links(&text.raw);
    let addresses: Vec<Range<usize>> = links.iter().filter_map(|link| link.words(text)).collect();
    let inside = |words: &Range<usize>| {
        addresses.iter().any(|a| a.start <= words.start && words.end <= a.end)
    };
    found.retain(|(_, words, _)| !inside(words));
    found.extend(written::find(text, &links));
    let known = |name: &str| wanted.get(name).map(Arc::clone);
    found
        .into_iter()
        .filter_map(|(name, words, value)| Some(Span { entity: known(name)?, words, value }))
        .collect()
}
