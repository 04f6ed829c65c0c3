//! Numbers in digits and in words.

use std::{borrow::Cow, ops::Range};

use serde_json::{Value, json};
use text2num::{Language, Token, find_numbers};

use super::Found;
use crate::local::matching::text::Text;

#[derive(Debug, Clone)]
pub(crate) struct Number {
    pub(crate) words: Range<usize>,
    pub(crate) value: f64,
    pub(crate) ordinal: bool,
}

impl Number {
    pub(crate) fn whole(&self) -> Option<i64> {
        let fits = self.value.fract() == 0.0 && self.value.abs() < 1e15;
        fits.then_some(self.value as i64)
    }
}

/// A JSON number, without `.0` when it is whole.
pub(crate) fn json_number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

pub(crate) fn find(text: &Text, language: &str) -> Vec<Number> {
    let mut numbers = in_digits(text, language);
    let taken: Vec<Range<usize>> = numbers.iter().map(|n| n.words.clone()).collect();
    if let Some(interpreter) = interpreter(language) {
        let words: Vec<Spoken<'_>> = text.words().map(Spoken).collect();
        for found in find_numbers(words.iter(), &interpreter, 0.0) {
            let words = found.start..found.end;
            let free = taken.iter().all(|t| t.end <= words.start || words.end <= t.start);
            let spelt = !text.run(words.clone()).starts_with(|c: char| c.is_ascii_digit());
            if free && spelt && found.value.is_finite() {
                numbers.push(Number { words, value: found.value, ordinal: found.is_ordinal });
            }
        }
    }
    numbers.sort_by_key(|number| number.words.start);
    numbers
}

pub(crate) fn entities(text: &Text, numbers: &[Number]) -> Vec<Found> {
    let mut found = Vec::new();
    for number in numbers {
        let value = json_number(number.value);
        let mut names = vec![];
        if number.ordinal {
            names.push("@sys.ordinal");
        } else {
            names.extend(["@sys.number", "@sys.cardinal"]);
            if number.whole().is_some() {
                names.push("@sys.number-integer");
            }
        }
        found.extend(names.iter().map(|name| (*name, number.words.clone(), value.clone())));
        let digits = text.written(number.words.clone());
        if digits.chars().all(|c| c.is_ascii_digit()) {
            found.push(("@sys.number-sequence", number.words.clone(), json!(digits)));
        }
    }
    found
}

/// A word for the library that reads numbers in words.
struct Spoken<'a>(&'a str);

impl Token for &Spoken<'_> {
    fn text(&self) -> Cow<'_, str> {
        self.0.into()
    }

    fn text_lowercase(&self) -> Cow<'_, str> {
        self.0.into()
    }

    fn nt_separated(&self, _: &Self) -> bool {
        false
    }

    fn not_a_number_part(&self) -> bool {
        false
    }
}

fn interpreter(language: &str) -> Option<Language> {
    Some(match language {
        "en" => Language::english(),
        "de" => Language::german(),
        "fr" => Language::french(),
        "es" => Language::spanish(),
        "it" => Language::italian(),
        "pt" => Language::portugese(),
        "nl" => Language::dutch(),
        _ => return None,
    })
}

/// `12`, `-3`, `1,234.5` or, where the comma is the decimal sign, `1.234,5`; also `2nd` and `2.`.
fn in_digits(text: &Text, language: &str) -> Vec<Number> {
    let decimal_comma = matches!(language, "de" | "fr" | "es" | "it" | "pt" | "nl");
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let word = text.word(at);
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            at += 1;
            continue;
        }
        let suffix = &word[digits.len()..];
        if !suffix.is_empty() {
            let is_ordinal = matches!(suffix, "st" | "nd" | "rd" | "th" | "e" | "er" | "º" | "ª");
            if let (true, Ok(value)) = (is_ordinal, digits.parse::<f64>()) {
                numbers.push(Number { words: at..at + 1, value, ordinal: true });
            }
            at += 1;
            continue;
        }
        let mut end = at + 1;
        let mut all = digits;
        let mut fraction = false;
        // The parts of a number have a single sign between them and no blank.
        while end < text.len() && !fraction {
            let part = text.word(end);
            let gap = text.gap_after(end - 1);
            let groups = part.len() == 3 && gap == if decimal_comma { "." } else { "," };
            let decimals = gap == if decimal_comma { "," } else { "." };
            if !part.chars().all(|c| c.is_ascii_digit()) || !(groups || decimals) {
                break;
            }
            if decimals && !groups {
                fraction = true;
                all.push('.');
            }
            all.push_str(part);
            end += 1;
        }
        if let Ok(value) = all.parse::<f64>() {
            let sign = if is_negative(text, at) { -1.0 } else { 1.0 };
            numbers.push(Number { words: at..end, value: sign * value, ordinal: false });
        }
        at = end;
    }
    numbers
}

/// Whether a minus is directly before the number, after a blank or at the start.
fn is_negative(text: &Text, at: usize) -> bool {
    let before = text.before(at).strip_suffix(['-', '−']);
    before.is_some_and(|rest| rest.is_empty() || rest.ends_with(char::is_whitespace))
}
