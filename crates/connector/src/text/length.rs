//! Texts that are too long for the other side. They are cut between words, and never inside of what
//! a reader takes for one character.

use unicode_segmentation::UnicodeSegmentation as _;

/// The parts of `text`, none longer than `chars_max` characters, split between paragraphs, lines
/// or words where there is any such place in the second half of a part.
pub fn split(text: &str, chars_max: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(chars_max.max(1)) {
        let (part, left) = rest.split_at(border(rest, end));
        if !part.trim().is_empty() {
            parts.push(part.trim_end().to_owned());
        }
        rest = left.trim_start_matches(['\n', ' ']);
    }
    if !rest.trim().is_empty() || parts.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

/// The beginning of `text`, at most `chars_max` characters; it ends between two words where there
/// is such a place in its second half.
pub fn head(text: &str, chars_max: usize) -> &str {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => &text[..border(text, end)],
        None => text,
    }
}

/// The end of `text`, at most `chars_max` characters; it begins between two words where there is
/// such a place in its first half.
pub fn tail(text: &str, chars_max: usize) -> &str {
    let Some(skipped) = text.chars().count().checked_sub(chars_max) else { return text };
    let start = text.char_indices().nth(skipped).map_or(text.len(), |(start, _)| start);
    let half = text.len() - (text.len() - start) / 2;
    let first = |mut borders: Borders<'_>| borders.find(|at| (start..=half).contains(at));
    let words = first(Box::new(text.split_word_bound_indices().map(|(at, _)| at)));
    let border = words.or_else(|| first(Box::new(text.grapheme_indices(true).map(|(at, _)| at))));
    text[border.unwrap_or(start)..].trim_start()
}

type Borders<'a> = Box<dyn Iterator<Item = usize> + 'a>;

/// A backslash belongs to the sign after it: where the part ends, if it would end between the two.
fn ahead_of_escape(part: &str) -> Option<usize> {
    let backslashes = part.len() - part.trim_end_matches('\\').len();
    (backslashes % 2 == 1 && backslashes < part.len()).then(|| part.len() - 1)
}

/// Where the first part of `text` ends, at most at `end`, in bytes. What a reader takes for one
/// character stays together: a letter and its accent, a family of emoji.
fn border(text: &str, end: usize) -> usize {
    let part = &text[..end];
    let next = text[end..].chars().next();
    if next.is_none_or(char::is_whitespace) {
        return end;
    }
    if let Some(before) = ahead_of_escape(part) {
        return before;
    }
    let half = end / 2;
    let after = |mark: &str| part.rfind(mark).filter(|at| *at >= half).map(|at| at + mark.len());
    let blank = || part.rfind(char::is_whitespace).filter(|at| *at >= half);
    // One character more, so that a border at `end` can be told.
    let window = &text[..end + next.map_or(0, char::len_utf8)];
    let is_inside = |at: &usize| (1..=end).contains(at);
    let word = || {
        let borders = window.split_word_bound_indices().rev().map(|(at, _)| at);
        borders.take_while(|at| *at >= half).find(is_inside)
    };
    let character = || window.grapheme_indices(true).rev().map(|(at, _)| at).find(is_inside);
    after("\n\n")
        .or_else(|| after("\n"))
        .or_else(blank)
        .or_else(word)
        .or_else(character)
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_split_between_words_and_nothing_is_lost() {
        let words: Vec<String> = (0..900).map(|n| format!("word{n}")).collect();
        let text = words.join(" ");
        let parts = split(&text, 1_000);
        assert!(parts.iter().all(|part| part.chars().count() <= 1_000));
        assert_eq!(parts.join(" "), text);
        assert_eq!(split("short", 1_000), ["short"]);
        assert_eq!(split("one two", 3), ["one", "two"]);
        assert_eq!(split("", 10), [""]);
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let family = "👩‍👩‍👧‍👦";
        let parts = split(&family.repeat(10), 9);
        assert_eq!(parts.concat(), family.repeat(10));
        assert!(parts.iter().all(|part| !part.starts_with('\u{200d}')), "{parts:?}");
        let flags = "🇩🇪🇫🇷".repeat(10);
        let parts = split(&flags, 5);
        assert!(parts.concat() == flags && parts.iter().all(|part| part.chars().count() % 2 == 0));
        let hebrew = "שלום עולם ".repeat(30);
        let parts = split(&hebrew, 64);
        assert_eq!(parts.join(" "), hebrew.trim_end().to_owned() + " ");
    }

    #[test]
    fn heads_and_tails_are_cut_between_words() {
        assert_eq!(head("one two three", 9), "one two");
        assert_eq!(head("one two", 7), "one two");
        assert_eq!(head("一二三四五六七", 3), "一二三");
        assert_eq!(head(&"👍🏽".repeat(3), 3), "👍🏽");
        assert_eq!(tail("one two three", 8), "three");
        assert_eq!(tail("one two", 7), "one two");
        assert_eq!(tail("one, two", 0), "");
        assert_eq!(tail(&"👍🏽".repeat(3), 3), "👍🏽");
        assert_eq!(tail("abcdefgh", 4), "efgh");
    }

    #[test]
    fn an_escape_stays_with_its_sign() {
        let parts = split(&r"a\*".repeat(10), 5);
        assert_eq!(parts.concat(), r"a\*".repeat(10));
        assert!(parts.iter().all(|part| !part.ends_with('\\')), "{parts:?}");
    }
}
