//! Addresses, links and telephone numbers, which are recognized by their form; and colours.

use std::sync::LazyLock;

use linkify::{LinkFinder, LinkKind};
use regex::Regex;
use serde_json::json;

use super::Found;
use crate::local::matching::text::Text;

// The pattern is a constant, and tests use it.
#[expect(clippy::expect_used, reason = "a constant pattern")]
static PHONE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\+?\(?\d[\d ()/.\-]{5,18}\d").expect("pattern"));

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

pub(crate) fn find(text: &Text) -> Vec<Found> {
    let mut found = Vec::new();
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    for link in finder.links(&text.raw) {
        let entity = match link.kind() {
            LinkKind::Email => "@sys.email",
            LinkKind::Url => "@sys.url",
            _ => continue,
        };
        if let Some(words) = text.covering(link.start()..link.end()) {
            found.push((entity, words, json!(link.as_str())));
        }
    }
    for number in PHONE.find_iter(&text.raw) {
        let digits = number.as_str().chars().filter(char::is_ascii_digit).count();
        let words = text.covering(number.range()).filter(|_| (7..=15).contains(&digits));
        if let Some(words) = words {
            let kept = |c: &char| c.is_ascii_digit() || *c == '+';
            let plain: String = number.as_str().chars().filter(kept).collect();
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
