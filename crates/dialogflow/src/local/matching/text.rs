//! Text as the matcher sees it: lower-case words without punctuation, each with its position in
//! what the visitor wrote. A run of words is a slice of `normal`, so a look-up allocates nothing.

use std::ops::Range;

use super::fold::{fold, is_format, is_mark};

/// Endings after an apostrophe in English: `what's` is one word, `j'ai` is two.
const CONTRACTIONS: [&str; 7] = ["s", "t", "m", "d", "re", "ve", "ll"];

/// Short units that people write directly after a number.
const SHORT_UNITS: [&str; 24] = [
    "s", "h", "hr", "wk", "mo", "yr", "c", "f", "m", "km", "cm", "mm", "mi", "ft", "kg", "mg", "g",
    "lb", "oz", "l", "ml", "qm", "gb", "mb",
];

#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) raw: String,
    /// The words, joined by single blanks; the parts of a word that is cut have no blank between.
    pub(crate) normal: String,
    words: Vec<Word>,
}

#[derive(Debug, Clone)]
struct Word {
    normal: Range<usize>,
    raw: Range<usize>,
}

impl Text {
    pub(crate) fn new(raw: &str) -> Self {
        Self::cut(raw, |_, _| Vec::new())
    }

    /// With words cut at more borders, ascending. `borders` is given a word and the position of an
    /// apostrophe in it.
    pub(crate) fn cut(raw: &str, borders: impl Fn(&str, Option<usize>) -> Vec<usize>) -> Self {
        Self::read(raw, |word, apostrophe| {
            let mut all = borders(word, apostrophe);
            all.extend(after_digits(word));
            all.sort_unstable();
            all.dedup();
            all
        })
    }

    /// With whole words only.
    pub(crate) fn whole(raw: &str) -> Self {
        Self::read(raw, |_, _| Vec::new())
    }

    fn read(raw: &str, cuts: impl Fn(&str, Option<usize>) -> Vec<usize>) -> Self {
        let mut text = Self { raw: raw.to_owned(), normal: String::new(), words: Vec::new() };
        for piece in pieces(raw) {
            text.push(piece, &cuts);
        }
        text
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// The key for exact comparison: the words, or the text as written when it has none (`???`).
    pub(crate) fn key(&self) -> &str {
        if self.words.is_empty() { self.raw.trim() } else { &self.normal }
    }

    pub(crate) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| &self.normal[w.normal.clone()])
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|w| &self.normal[w.normal.clone()])
    }

    /// The words as they are written, not cut.
    pub(crate) fn whole_words(&self) -> impl Iterator<Item = &str> {
        self.normal.split(' ').filter(|word| !word.is_empty())
    }

    /// The positions of the words that begin in a byte range of `raw`.
    pub(crate) fn inside(&self, raw: Range<usize>) -> Range<usize> {
        let before = |border: usize| self.words.partition_point(|w| w.raw.start < border);
        before(raw.start)..before(raw.end)
    }

    /// The word around a byte position of `raw` and the position in it, if it is inside of a word.
    pub(crate) fn border(&self, raw: usize) -> Option<(&str, usize)> {
        let around = |w: &&Word| w.raw.start < raw && raw < w.raw.end;
        let word = self.words.iter().find(around)?;
        let name = &self.normal[word.normal.clone()];
        let before = fold(self.raw.get(word.raw.start..raw)?);
        let inside = name.starts_with(&*before) && !before.is_empty() && before.len() < name.len();
        inside.then_some((name, before.len()))
    }

    /// Normalised words of a range of word positions.
    pub(crate) fn run(&self, words: Range<usize>) -> &str {
        match self.words.get(words.start..words.end) {
            Some([first, .., last]) => &self.normal[first.normal.start..last.normal.end],
            Some([only]) => &self.normal[only.normal.clone()],
            _ => "",
        }
    }

    /// The same words as the visitor wrote them.
    pub(crate) fn written(&self, words: Range<usize>) -> &str {
        match self.words.get(words.start..words.end) {
            Some([first, .., last]) => &self.raw[first.raw.start..last.raw.end],
            Some([only]) => &self.raw[only.raw.clone()],
            _ => "",
        }
    }

    /// What was written before a word.
    pub(crate) fn before(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| &self.raw[..word.raw.start])
    }

    /// What was written after a word.
    pub(crate) fn after(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| &self.raw[word.raw.end..])
    }

    /// What was written between a word and the next.
    pub(crate) fn gap_after(&self, at: usize) -> &str {
        match self.words.get(at..at + 2) {
            Some([one, next]) => &self.raw[one.raw.end..next.raw.start],
            _ => "",
        }
    }

    /// Word positions that a byte range of `raw` covers, if it begins and ends at word borders.
    pub(crate) fn covering(&self, raw: Range<usize>) -> Option<Range<usize>> {
        let start = self.words.partition_point(|w| w.raw.end <= raw.start);
        let end = self.words.partition_point(|w| w.raw.start < raw.end);
        let first = self.words.get(start)?;
        let last = self.words.get(end.checked_sub(1)?)?;
        (start < end && first.raw.start >= raw.start && last.raw.end <= raw.end)
            .then_some(start..end)
    }

    fn push(&mut self, raw: Range<usize>, cuts: impl Fn(&str, Option<usize>) -> Vec<usize>) {
        let written = &self.raw[raw.clone()];
        let word = fold(written);
        if word.is_empty() {
            return;
        }
        let apostrophe = written.find(is_apostrophe).map(|at| fold(&written[..at]).len());
        let mut parts: Vec<Word> = Vec::new();
        let (mut from, mut raw_from) = (0, raw.start);
        for border in cuts(&word, apostrophe) {
            let at = raw_position(written, border).map(|at| raw.start + at);
            let Some(at) = at.filter(|at| *at > raw_from) else { continue };
            parts.push(Word { normal: from..border, raw: raw_from..at });
            (from, raw_from) = (border, at);
        }
        parts.push(Word { normal: from..word.len(), raw: raw_from..raw.end });
        let word = word.into_owned();
        if !self.normal.is_empty() {
            self.normal.push(' ');
        }
        let start = self.normal.len();
        self.normal.push_str(&word);
        self.words.extend(parts.into_iter().map(|part| Word {
            normal: start + part.normal.start..start + part.normal.end,
            raw: part.raw,
        }));
    }
}

/// The byte position in a word as written of a position in its normal form.
fn raw_position(written: &str, border: usize) -> Option<usize> {
    let positions = written.char_indices().map(|(at, _)| at).skip(1);
    positions.into_iter().find(|at| fold(&written[..*at]).len() == border)
}

/// Letters directly after digits are a word of their own (`5kg`, `10people`, `5명`) unless they make
/// an ordinal or a time of day, or a name (`7up`).
fn after_digits(word: &str) -> Option<usize> {
    const TOGETHER: [&str; 12] =
        ["ème", "ère", "ere", "eme", "nde", "ste", "ten", "ter", "tes", "er", "am", "pm"];
    let at = word.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
    let rest = &word[at..];
    let decade = rest == "s" && at == 4;
    let counted = SHORT_UNITS.contains(&rest) || !rest.is_ascii() || rest.len() > 2;
    let letters = rest.chars().all(|c| c.is_alphabetic() || is_mark(c));
    (letters && counted && !decade && !TOGETHER.contains(&rest)).then_some(at)
}

/// The key of a text; see [`Text::key`].
pub(crate) fn normal(raw: &str) -> String {
    Text::new(raw).key().to_owned()
}

/// Byte ranges of the words of `raw`.
fn pieces(raw: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    // Whether the next character belongs to the one before, which is a word by itself.
    let mut cluster = false;
    for (at, c) in raw.char_indices() {
        let next = at + c.len_utf8();
        if cluster && extends(raw, at, c) {
            if let Some(last) = found.last_mut() {
                last.end = next;
            }
        } else if stands_alone(c) {
            found.extend(open.take().map(|start| start..at));
            found.push(at..next);
            cluster = true;
        } else {
            cluster = false;
            let inside = open.is_some();
            let goes_on = inside && (is_mark(c) || is_format(c) || joins(c, &raw[next..]));
            if c.is_alphanumeric() || goes_on {
                open.get_or_insert(at);
            } else {
                found.extend(open.take().map(|start| start..at));
            }
        }
    }
    found.extend(open.map(|start| start..raw.len()));
    found
}

/// Characters that are a word each: letters of scripts without blanks between words, pictures, some
/// signs. A border of an annotated part is always between two of them, which is not true of the
/// words of a dictionary.
pub(crate) fn stands_alone(c: char) -> bool {
    let picture_or_sign = matches!(c,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{2ffff}'
        | '\u{2190}'..='\u{2211}' | '\u{2213}'..='\u{2bff}' | '\u{1f300}'..='\u{1faff}'
        | '€' | '$' | '£' | '%' | '°' | '٪' | '％' | '＄' | '￡');
    // Thai, Lao, Burmese and Khmer.
    let unspaced =
        matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}');
    picture_or_sign || (unspaced && c.is_alphabetic() && !is_mark(c))
}

/// Whether a character belongs to the one before it: a mark, the vowel sign am of Thai and Lao, the
/// sound marks of half-width kana, a consonant under another in Khmer and Burmese.
fn extends(raw: &str, at: usize, c: char) -> bool {
    let under = raw[..at].ends_with(['\u{1039}', '\u{17d2}']);
    under || is_mark(c) || matches!(c, '\u{e33}' | '\u{eb3}' | '\u{ff9e}' | '\u{ff9f}')
}

/// An apostrophe inside a word.
fn joins(c: char, rest: &str) -> bool {
    is_apostrophe(c) && contraction(rest)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '`' | '´')
}

fn contraction(rest: &str) -> bool {
    let in_word = |c: &char| c.is_alphanumeric() || is_mark(*c);
    let letters: String = rest.chars().take_while(in_word).take(4).collect();
    CONTRACTIONS.contains(&letters.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_case_and_forms_do_not_count() {
        for (raw, expected) in [
            ("What's your PURPOSE?", "whats your purpose"),
            ("what’s  your\tpurpose", "whats your purpose"),
            ("J'ai pas capté", "j ai pas capté"),
            ("Straße & Maß", "strasse mass"),
            ("ﬁne COVID-19", "fine covid 19"),
            ("東京へ", "東 京 へ"),
            ("50% of 20€", "50 % of 20 €"),
            ("ไปเชียงใหม่", "ไ ป เ ชี ย ง ใ ห ม่"),
            ("น้ำ 5 ขวด", "น้ํา 5 ข ว ด"),
            ("हिन्दी में", "हिन्दी में"),
            ("❤️ 👍🏽", "❤ 👍 🏽"),
            ("5kg, 7up, 2nd, 14h30, 10people", "5kg 7up 2nd 14h30 10people"),
            ("", ""),
            ("???", "???"),
        ] {
            assert_eq!(normal(raw), expected, "{raw}");
        }
    }

    #[test]
    fn words_know_where_they_stood() {
        let text = Text::new("Hi, I'm in São Paulo!");
        assert_eq!(text.run(3..5), "são paulo");
        assert_eq!(text.written(3..5), "São Paulo");
        assert_eq!(text.covering(11..21), Some(3..5));
        assert_eq!(text.covering(12..21), None);
    }

    #[test]
    fn digits_end_before_a_unit_or_a_word() {
        for (raw, expected) in [
            ("5kg", "5|kg"),
            ("2,5kg", "2|5|kg"),
            ("10people", "10|people"),
            ("5명", "5|명"),
            ("7up 2nd 14h30 a1b2 covid19", "7up|2nd|14h30|a1b2|covid19"),
        ] {
            assert_eq!(Text::new(raw).words().collect::<Vec<_>>().join("|"), expected, "{raw}");
        }
        assert_eq!(Text::new("in 5Kg!").written(2..3), "Kg");
    }
}
