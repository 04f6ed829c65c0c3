//! How our own entries look in a journal that all share: `[chat 17] hello`, or `[chat 17,18]` and
//! two lines. The numbers are the places of the messages in their chat, so that each is found again
//! when an answer was lost, and two messages with the same words stay two.

use connector::text;

/// The word in the brackets.
pub(crate) struct Mark(String);

/// One entry: the places of what it carries, separated by commas, and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) places: String,
    pub(super) words: String,
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
        let entry = |(number, words): (usize, String)| {
            let part_of = if several { format!(".{}", number + 1) } else { String::new() };
            Entry { places: format!("{place}{part_of}"), words }
        };
        parts.into_iter().enumerate().map(entry).collect()
    }

    /// Entries that follow each other are one, as long as it has room for them.
    pub(super) fn join(&self, entries: Vec<Entry>, chars_max: usize) -> Vec<Entry> {
        let mut joined: Vec<Entry> = Vec::new();
        for entry in entries {
            if let Some(last) = joined.last_mut() {
                let both = Entry {
                    places: format!("{},{}", last.places, entry.places),
                    words: format!("{}\n{}", last.words, entry.words),
                };
                if self.text(&both).chars().count() <= chars_max {
                    *last = both;
                    continue;
                }
            }
            joined.push(entry);
        }
        joined
    }

    pub(super) fn text(&self, entry: &Entry) -> String {
        format!("[{} {}] {}", self.0, entry.places, entry.words)
    }

    /// The places an entry of ours carries; nothing for what others wrote.
    pub(super) fn places<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let rest = text.strip_prefix('[').and_then(|rest| rest.strip_prefix(&self.0));
        let places = rest.and_then(|rest| rest.strip_prefix(' ')?.split_once(']'));
        let is_place = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | ',');
        let places = places.map(|(places, _)| places).filter(|all| all.chars().all(is_place));
        places.into_iter().flat_map(|all| all.split(',')).filter(|place| !place.is_empty())
    }

    /// Whether somebody of ours wrote this.
    pub(crate) fn is_ours(&self, text: &str) -> bool {
        self.places(text).next().is_some()
    }
}
