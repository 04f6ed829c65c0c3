//! Text as the matcher sees it: lower-case words without punctuation, each with its position in
//! what the visitor wrote. A run of words is a slice of `normal`, so a look-up allocates nothing.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Endings after an apostrophe in English: `what's` is one word, `j'ai` is two.
const CONTRACTIONS: [&str; 7] = ["s", "t", "m", "d", "re", "ve", "ll"];

#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) raw: String,
    /// The words, joined by single blanks.
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
        let mut text = Self { raw: raw.to_owned(), normal: String::new(), words: Vec::new() };
        for piece in pieces(raw) {
            text.push(piece);
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

    fn push(&mut self, raw: Range<usize>) {
        let mut word = String::new();
        for c in self.raw[raw.clone()].nfkc().flat_map(char::to_lowercase) {
            match c {
                'ß' => word.push_str("ss"),
                '\'' | '’' | '`' | '´' => {}
                c if c.is_whitespace() => {}
                c => word.push(c),
            }
        }
        if word.is_empty() {
            return;
        }
        if !self.normal.is_empty() {
            self.normal.push(' ');
        }
        let start = self.normal.len();
        self.normal.push_str(&word);
        self.words.push(Word { normal: start..self.normal.len(), raw });
    }
}

/// The key of a text; see [`Text::key`].
pub(crate) fn normal(raw: &str) -> String {
    Text::new(raw).key().to_owned()
}

/// Byte ranges of the words of `raw`.
fn pieces(raw: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    for (at, c) in raw.char_indices() {
        let next = at + c.len_utf8();
        if stands_alone(c) {
            found.extend(open.take().map(|start| start..at));
            found.push(at..next);
        } else if in_word(c) || (is_apostrophe(c) && open.is_some() && contraction(&raw[next..])) {
            open.get_or_insert(at);
        } else {
            found.extend(open.take().map(|start| start..at));
        }
    }
    found.extend(open.map(|start| start..raw.len()));
    found
}

fn in_word(c: char) -> bool {
    // Combining marks belong to the letter before them.
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

/// Characters that are a word each: scripts without blanks between words, pictures, some signs.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}'
        | '\u{2190}'..='\u{2bff}' | '\u{1f300}'..='\u{1faff}' | '€' | '$' | '£' | '%' | '°')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '`' | '´')
}

fn contraction(rest: &str) -> bool {
    let letters: String = rest.chars().take_while(|c| in_word(*c)).take(4).collect();
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
}
