//! How our own entries look in a journal that all share: `[chat 17] hello`. The number is the
//! place of the message in its chat, so that it is found again when an answer was lost, and two
//! messages with the same words stay two.

use crate::tool::text;

/// The word in the brackets.
pub(crate) struct Mark(String);

/// One entry: its mark, and all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mark: String,
    pub(super) text: String,
}

impl Mark {
    pub(super) fn new(word: &str) -> Self {
        let word: String = word.chars().filter(|c| !matches!(c, '[' | ']' | '\n')).collect();
        Self(word.trim().to_owned())
    }

    /// The entries that carry the delivery `{chat}/{seq}-{sub}`, none longer than `chars_max`.
    pub(super) fn entries(&self, id: &str, words: &str, chars_max: usize) -> Vec<Entry> {
        let place = id.rsplit_once('/').map_or(id, |(_, place)| place);
        let place = place.strip_suffix("-0").unwrap_or(place);
        // Room for the mark itself, with part numbers of three digits.
        let room = chars_max.saturating_sub(self.0.chars().count() + place.len() + 9).max(1);
        let parts = text::split(words, room);
        let several = parts.len() > 1;
        let entry = |(number, part): (usize, String)| {
            let part_of = if several { format!(".{}", number + 1) } else { String::new() };
            let mark = format!("[{} {place}{part_of}]", self.0);
            Entry { text: format!("{mark} {part}"), mark }
        };
        parts.into_iter().enumerate().map(entry).collect()
    }

    /// Whether somebody of ours wrote this.
    pub(crate) fn is_ours(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix('[').and_then(|rest| rest.strip_prefix(&self.0)) else {
            return false;
        };
        let Some((place, _)) = rest.strip_prefix(' ').and_then(|rest| rest.split_once(']')) else {
            return false;
        };
        let is_place = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.');
        !place.is_empty() && place.chars().all(is_place)
    }
}
