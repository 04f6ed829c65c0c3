//! Borders inside a word. What a phrase annotates need not be a whole word: Hebrew writes `to
//! Haifa` as one word, Korean adds particles, English adds `s`. Where a word is cut depends on the
//! word alone, so a phrase and a text with the same word are cut alike.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::text::Text;
use crate::local::model::Phrase;

/// Fewer characters of a value are not looked for inside a word.
const VALUE_CHARS_MIN: usize = 2;

/// What the words of some languages are written together with: language, before, after.
const ATTACHED: [(&str, &[&str], &[&str]); 4] = [
    ("he", &["ו", "ה", "ב", "ל", "מ", "ש", "כ", "וה", "וב", "ול", "ומ", "שב", "של", "מה"], &[]),
    ("iw", &["ו", "ה", "ב", "ל", "מ", "ש", "כ", "וה", "וב", "ול", "ומ", "שב", "של", "מה"], &[]),
    ("ar", &["و", "ف", "ب", "ك", "ل", "ال", "وال", "بال", "لل", "فال", "كال", "وب", "ول"], &[]),
    (
        "ko",
        &[],
        &[
            "은",
            "는",
            "이",
            "가",
            "을",
            "를",
            "에",
            "의",
            "와",
            "과",
            "도",
            "만",
            "로",
            "으로",
            "에서",
            "에게",
            "까지",
            "부터",
            "이나",
            "나",
            "요",
            "이요",
            "이에요",
            "예요",
            "입니다",
            "이다",
            "하고",
            "에는",
            "에도",
            "에서는",
            "에서의",
            "행",
        ],
    ),
];

#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// Borders in the words that phrases annotate in part, by the word.
    annotated: HashMap<String, Vec<usize>>,
    before: HashSet<String>,
    after: HashSet<String>,
    /// First and last words of the values that are looked for.
    heads: HashSet<String>,
    tails: HashSet<String>,
    /// The same as `before` and `after`, for entities that accept any words.
    open: [HashSet<String>; 2],
    /// The words of the phrases; known only where `open` is not empty.
    vocabulary: HashSet<String>,
}

impl Cuts {
    /// Learns from phrases what is written together with annotated words. `is_open` tells the
    /// entities whose values are not listed.
    pub(crate) fn learn(
        language: &str,
        phrases: &[Phrase],
        is_open: impl Fn(&str) -> bool,
    ) -> Self {
        let root = language.split('-').next().unwrap_or_default();
        let mut cuts = Self::default();
        for (_, before, after) in ATTACHED.iter().filter(|(l, _, _)| *l == root) {
            cuts.before.extend(before.iter().map(|&s| s.to_owned()));
            cuts.after.extend(after.iter().map(|&s| s.to_owned()));
        }
        for phrase in phrases {
            cuts.learn_phrase(phrase, &is_open);
        }
        if cuts.open.iter().any(|affixes| !affixes.is_empty()) {
            for phrase in phrases {
                let text = Text::whole(&phrase.text());
                cuts.vocabulary.extend(text.words().map(str::to_owned));
            }
        }
        cuts
    }

    fn learn_phrase(&mut self, phrase: &Phrase, is_open: impl Fn(&str) -> bool) {
        if phrase.parts.len() < 2 || phrase.parts.iter().any(|part| part.is_reference) {
            return;
        }
        let text = Text::whole(&phrase.text());
        for (part, range) in phrase.parts.iter().zip(phrase.ranges()) {
            let Some(entity) = part.slot() else { continue };
            let start = range.end - part.text.trim_start().len();
            let end = range.start + part.text.trim_end().len();
            let (first, last) = (text.border(start), text.border(end));
            for (word, border) in [first, last].into_iter().flatten() {
                let borders = self.annotated.entry(word.to_owned()).or_default();
                borders.push(border);
                borders.sort_unstable();
                borders.dedup();
            }
            let whole = |found: Option<(&str, usize)>, word: &str| {
                found.filter(|(other, _)| *other == word).map(|(_, border)| border)
            };
            for (open, affix) in self.open.iter_mut().zip([
                first.map(|(word, border)| &word[..border]),
                last.map(|(word, border)| &word[border..]),
            ]) {
                open.extend(affix.filter(|_| is_open(entity)).map(str::to_owned));
            }
            if let Some((word, border)) = first {
                self.before.insert(word[..border].to_owned());
                let value = word.get(border..whole(last, word).unwrap_or(word.len()));
                self.heads.extend(value.map(str::to_owned));
            }
            if let Some((word, border)) = last {
                self.after.insert(word[border..].to_owned());
                let value = word.get(whole(first, word).unwrap_or(0)..border);
                self.tails.extend(value.map(str::to_owned));
            }
        }
    }

    /// Looks for a value inside of words, too.
    pub(crate) fn add_value(&mut self, name: &Text) {
        let mut words = name.normal.split(' ');
        let Some(first) = words.next() else { return };
        let last = words.next_back().unwrap_or(first);
        for (set, word) in [(&mut self.heads, first), (&mut self.tails, last)] {
            if word.chars().count() >= VALUE_CHARS_MIN {
                set.insert(word.to_owned());
            }
        }
    }

    /// The borders inside a word, ascending. `apostrophe` is the position of one in it.
    pub(crate) fn of(&self, word: &str, apostrophe: Option<usize>) -> Vec<usize> {
        let mut borders: BTreeSet<usize> = BTreeSet::new();
        if let Some(annotated) = self.annotated.get(word) {
            borders.extend(annotated);
        } else if !self.heads.contains(word) || !self.tails.contains(word) {
            let named = |at: &usize| word.get(..*at).is_some_and(|name| self.tails.contains(name));
            borders.extend(apostrophe.filter(named));
            self.around_values(word, &mut borders);
            self.around_anything(word, &mut borders);
        }
        let inside = |at: &usize| (1..word.len()).contains(at) && word.is_char_boundary(*at);
        borders.into_iter().filter(inside).collect()
    }

    fn around_values(&self, word: &str, borders: &mut BTreeSet<usize>) {
        if self.before.is_empty() && self.after.is_empty() {
            return;
        }
        let inside = || word.char_indices().skip(1).map(|(at, _)| at);
        let starts = inside().filter(|at| self.before.contains(&word[..*at]));
        let starts: Vec<usize> = std::iter::once(0).chain(starts).collect();
        let ends = inside().filter(|at| self.after.contains(&word[*at..]));
        let ends: Vec<usize> = ends.chain(std::iter::once(word.len())).collect();
        for start in starts {
            for end in ends.iter().copied().filter(|end| *end > start) {
                let value = &word[start..end];
                let fits = (start == 0 || self.heads.contains(value))
                    && (end == word.len() || self.tails.contains(value));
                if fits && (start > 0 || end < word.len()) {
                    borders.extend([start, end]);
                }
            }
        }
    }

    /// A word that no phrase has may be a new value of an open entity with what phrases write
    /// together with it; the longest of these counts.
    fn around_anything(&self, word: &str, borders: &mut BTreeSet<usize>) {
        let [before, after] = &self.open;
        if (before.is_empty() && after.is_empty()) || self.vocabulary.contains(word) {
            return;
        }
        let long = |value: &str| value.chars().count() >= VALUE_CHARS_MIN;
        let inside = || word.char_indices().skip(1).map(|(at, _)| at);
        let start =
            inside().filter(|at| before.contains(&word[..*at]) && long(&word[*at..])).last();
        let rest = start.unwrap_or(0);
        let end = inside()
            .find(|at| *at > rest && after.contains(&word[*at..]) && long(&word[rest..*at]));
        borders.extend(start.into_iter().chain(end));
    }
}
