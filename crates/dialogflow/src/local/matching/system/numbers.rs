//! Numbers in digits and in words.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use serde_json::{Value, json};
use text2num::{Language, Token, find_numbers};

use super::{Found, homonyms};
use crate::local::matching::text::Text;

#[derive(Debug, Clone)]
pub(crate) struct Number {
    pub(crate) words: Range<usize>,
    pub(crate) value: f64,
    pub(crate) ordinal: bool,
    /// A word that is something else here, such as the article `un` or `sei` ("you are"): a number
    /// only before a unit or an hour.
    pub(crate) article: bool,
}

impl Number {
    fn new(words: Range<usize>, value: f64, ordinal: bool) -> Self {
        Self { words, value, ordinal, article: false }
    }

    pub(crate) fn whole(&self) -> Option<i64> {
        let fits = self.value.fract() == 0.0 && self.value.abs() < 1e15;
        fits.then_some(self.value as i64)
    }
}

/// Indefinite articles that mean `one` as well, by language.
const ARTICLES: [(&str, &[&str]); 6] = [
    ("de", &["ein", "eine", "einen", "einem", "einer", "eines"]),
    ("es", &["un", "una"]),
    ("fr", &["un", "une"]),
    ("it", &["un", "una", "uno"]),
    ("nl", &["een"]),
    ("pt", &["um", "uma"]),
];

/// A JSON number, without `.0` when it is whole.
pub(crate) fn json_number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

pub(crate) fn find(text: &Text, language: &str) -> Vec<Number> {
    let mut numbers = in_digits(text, language);
    let taken: Vec<Range<usize>> = numbers.iter().map(|n| n.words.clone()).collect();
    if let Some(interpreter) = interpreter(language) {
        let words: Vec<Spoken<'_>> = text.words().map(Spoken).collect();
        for found in find_numbers(words.iter(), interpreter, 0.0) {
            let words = found.start..found.end;
            let free = taken.iter().all(|t| t.end <= words.start || words.end <= t.start);
            let spelt = !text.run(words.clone()).starts_with(|c: char| c.is_ascii_digit());
            if free && spelt && found.value.is_finite() {
                numbers.push(Number::new(words, found.value, found.is_ordinal));
            }
        }
    }
    numbers.sort_by_key(|number| number.words.start);
    mark_articles(text, language, &mut numbers);
    numbers
}

/// An article, and a word with another meaning, counts as a number when nothing else is said, or
/// when other numbers are beside it (`un, due, tre`).
fn mark_articles(text: &Text, language: &str, numbers: &mut [Number]) {
    let Some((_, articles)) = ARTICLES.iter().find(|(l, _)| *l == language) else { return };
    let is_doubtful = |number: &Number| {
        articles.contains(&text.run(number.words.clone()))
            || homonyms::is_other_word(text, language, &number.words)
    };
    // Two doubtful words do not make each other certain: `sei un robot`.
    let certain = numbers.iter().filter(|number| !is_doubtful(number));
    let neighbours: Vec<Range<usize>> = certain.map(|number| number.words.clone()).collect();
    for number in numbers.iter_mut().filter(|number| is_doubtful(number)) {
        let beside = |other: &Range<usize>| {
            other.end == number.words.start || other.start == number.words.end
        };
        number.article = text.len() > 1 && !neighbours.iter().any(beside);
    }
}

pub(crate) fn entities(text: &Text, numbers: &[Number]) -> Vec<Found> {
    let mut found = Vec::new();
    for number in numbers.iter().filter(|number| !number.article) {
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
        let digits = text.run(number.words.clone());
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

/// The reader of numbers in words. Some languages need an automaton for it, which is dear to build,
/// so each is built once.
fn interpreter(language: &str) -> Option<&'static Language> {
    static ALL: LazyLock<[(&str, Language); 7]> = LazyLock::new(|| {
        [
            ("en", Language::english()),
            ("de", Language::german()),
            ("fr", Language::french()),
            ("es", Language::spanish()),
            ("it", Language::italian()),
            ("pt", Language::portugese()),
            ("nl", Language::dutch()),
        ]
    });
    ALL.iter().find(|(name, _)| *name == language).map(|(_, reader)| reader)
}

/// `12`, `-3`, `1e3`, `1,234.5` or, where the comma is the decimal sign, `1.234,5`; also `2nd`.
fn in_digits(text: &Text, language: &str) -> Vec<Number> {
    let decimal_comma = matches!(language, "de" | "fr" | "es" | "it" | "pt" | "nl");
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let Some((digits, suffix)) = split(text.word(at)) else {
            at += 1;
            continue;
        };
        let mut end = at + 1;
        let mut all = digits.to_owned();
        let mut rest = suffix;
        let mut fraction = false;
        // The parts of a number have a single sign between them and no blank.
        while end < text.len() && !fraction && rest.is_empty() {
            let Some((part, after)) = split(text.word(end)) else { break };
            let gap = text.gap_after(end - 1);
            let grouping = gap == "٬" || gap == if decimal_comma { "." } else { "," };
            let groups = part.len() == 3 && after.is_empty() && grouping;
            let decimals = gap == "٫" || gap == if decimal_comma { "," } else { "." };
            if !(groups || decimals) || !(after.is_empty() || exponent(text, end, after).is_some())
            {
                break;
            }
            if decimals && !groups {
                fraction = true;
                all.push('.');
            }
            all.push_str(part);
            (rest, end) = (after, end + 1);
        }
        if let Some((power, more)) = exponent(text, end - 1, rest) {
            all.push_str(&power);
            end += more;
        } else if !rest.is_empty() {
            let is_ordinal = matches!(rest, "st" | "nd" | "rd" | "th" | "e" | "er" | "º" | "ª");
            if let (true, Ok(value)) = (is_ordinal, all.parse::<f64>()) {
                numbers.push(Number::new(at..at + 1, value, true));
            }
            at += 1;
            continue;
        }
        if let Some(value) = all.parse::<f64>().ok().filter(|value| value.is_finite()) {
            let sign = if is_negative(text, at) { -1.0 } else { 1.0 };
            numbers.push(Number::new(at..end, sign * value, false));
        }
        at = end;
    }
    numbers
}

/// The digits at the start of a word, and the rest of it.
fn split(word: &str) -> Option<(&str, &str)> {
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    (end > 0).then(|| word.split_at(end))
}

/// The power of ten behind the digits of a word, and how many words more it takes: `e3`, `e-3`.
fn exponent(text: &Text, at: usize, rest: &str) -> Option<(String, usize)> {
    let digits =
        |power: &str| (1..=3).contains(&power.len()) && power.bytes().all(|b| b.is_ascii_digit());
    let power = rest.strip_prefix('e')?;
    if digits(power) {
        return Some((rest.to_owned(), 0));
    }
    let sign = text.gap_after(at);
    let next = text.word(at + 1);
    (power.is_empty() && matches!(sign, "-" | "+" | "−") && digits(next))
        .then(|| (format!("e{}{next}", if sign == "+" { "" } else { "-" }), 1))
}

/// Whether a minus is directly before the number, after a blank or at the start.
fn is_negative(text: &Text, at: usize) -> bool {
    let before = text.before(at).strip_suffix(['-', '−']);
    before.is_some_and(|rest| rest.is_empty() || rest.ends_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::interpreter;

    #[test]
    fn the_readers_of_numbers_are_built_once() {
        for language in ["de", "en", "es", "fr", "it", "nl", "pt"] {
            let (one, other) = (interpreter(language), interpreter(language));
            assert!(std::ptr::eq(one.unwrap(), other.unwrap()), "{language}");
        }
        assert!(interpreter("xx").is_none());
    }
}
