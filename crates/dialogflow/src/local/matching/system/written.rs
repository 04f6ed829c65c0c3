//! Addresses, links and telephone numbers, which are recognized by their form; and colours.

use std::{ops::Range, sync::LazyLock};

use linkify::{LinkFinder, LinkKind};
use regex::Regex;
use serde_json::json;

use super::Found;
use crate::local::matching::{
    fold::{is_digit, with_digits},
    text::{Text, stands_alone},
};

// The pattern is a constant, and tests use it.
#[expect(clippy::expect_used, reason = "a constant pattern")]
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[+＋]?\(?\d[\d \u{a0}\u{202f}()/.\-\u{2010}-\u{2013}]{5,18}\d").expect("pattern")
});

/// English name, and names in en, de, fr and es.
const COLORS: &[(&str, &[&str])] = &[
    ("red", &["red", "rot", "rouge", "rojo"]),
    ("green", &["green", "grün", "vert", "verde"]),
    ("blue", &["blue", "blau", "bleu", "azul"]),
    ("yellow", &["yellow", "gelb", "jaune", "amarillo"]),
    ("orange", &["orange", "naranja"]),
    ("purple", &["purple", "violet", "lila", "violett", "morado"]),
    ("pink", &["pink", "rosa", "rose"]),
    ("brown", &["brown", "braun", "marron", "marrón"]),
    ("black", &["black", "schwarz", "noir", "negro"]),
    ("white", &["white", "weiss", "blanc", "blanco"]),
    ("grey", &["grey", "gray", "grau", "gris"]),
    ("gold", &["gold", "golden", "doré", "dorado"]),
    ("silver", &["silver", "silber", "argenté", "plateado"]),
    ("beige", &["beige"]),
    ("turquoise", &["turquoise", "türkis", "turquesa"]),
];

pub(crate) fn find(text: &Text, links: &[Link]) -> Vec<Found> {
    let mut found = Vec::new();
    for link in links {
        if let Some(words) = text.covering(link.range.clone()) {
            found.push((link.entity, words, json!(text.raw[link.range.clone()])));
        }
    }
    for number in PHONE.find_iter(&text.raw) {
        let digits = number.as_str().chars().filter(|c| is_digit(*c)).count();
        let inside = links.iter().any(|link| link.holds(&number.range()));
        let fits = (7..=15).contains(&digits) && !inside;
        if let Some(words) = text.covering(number.range()).filter(|_| fits) {
            let kept = |c: &char| c.is_ascii_digit() || *c == '+';
            let plain: String = with_digits(number.as_str()).chars().filter(kept).collect();
            found.push(("@sys.phone-number", words, json!(plain)));
        }
    }
    for (at, word) in text.words().enumerate() {
        if let Some((name, _)) = COLORS.iter().find(|(_, names)| names.contains(&word)) {
            found.push(("@sys.color", at..at + 1, json!(name)));
        }
    }
    found
}

/// An address of a mail box or a page.
pub(crate) struct Link {
    entity: &'static str,
    /// Byte range in the text as written.
    range: Range<usize>,
}

impl Link {
    fn holds(&self, other: &Range<usize>) -> bool {
        self.range.start <= other.start && other.end <= self.range.end
    }

    /// The words that are certainly inside an address: what they mean elsewhere they do not mean
    /// here.
    pub(crate) fn words(&self, text: &Text) -> Option<Range<usize>> {
        let written = &text.raw[self.range.clone()];
        let certain = self.entity == "@sys.email"
            || written.contains("://")
            || written.to_lowercase().starts_with("www.");
        text.covering(self.range.clone()).filter(|_| certain)
    }
}

/// Addresses in a text. Where two overlap, the longer one is meant: `first.last+tag@example.org` is
/// no link to `first.last`.
pub(crate) fn links(raw: &str) -> Vec<Link> {
    if !raw.contains(['.', '@', ':']) {
        return Vec::new();
    }
    let mut all: Vec<Link> = Vec::new();
    for (kind, entity) in [(LinkKind::Email, "@sys.email"), (LinkKind::Url, "@sys.url")] {
        let mut finder = LinkFinder::new();
        finder.url_must_have_scheme(false).kinds(&[kind]);
        let found = finder.links(raw).map(|link| link.start()..link.end());
        all.extend(
            found.map(|range| Link { entity, range: without_neighbours(raw, range, entity) }),
        );
    }
    all.sort_by_key(|link| (usize::MAX - link.range.len(), link.range.start));
    let mut kept: Vec<Link> = Vec::new();
    for link in all {
        let apart = |other: &Link| {
            other.range.end <= link.range.start || link.range.end <= other.range.start
        };
        if kept.iter().all(apart) {
            kept.push(link);
        }
    }
    kept.sort_by_key(|link| link.range.start);
    kept
}

/// In scripts without blanks, the letters around a mail address are no part of it.
fn without_neighbours(raw: &str, range: Range<usize>, entity: &str) -> Range<usize> {
    let address = &raw[range.clone()];
    let Some(at) = address.find('@').filter(|_| entity == "@sys.email") else { return range };
    let start = address[..at].char_indices().rev().find(|(_, c)| stands_alone(*c));
    let start = start.map_or(0, |(start, c)| start + c.len_utf8());
    let end = address[at..].find(stands_alone).map_or(address.len(), |end| at + end);
    if start == at { range } else { range.start + start..range.start + end }
}
