//! Our own entries in a ticket's journal begin with a label: `[chat 17] hello`, or `[chat 17,18]`
//! and two lines. The numbers are the positions of the messages in their chat. By them an entry is
//! found if an answer was lost, and two messages with the same text stay two.

use connector::text;

/// The word in the brackets.
pub(crate) struct EntryLabel(String);

/// One entry: the numbers of its messages, separated by commas, and their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) numbers: String,
    pub(super) words: String,
}

impl EntryLabel {
    pub(super) fn new(word: &str) -> Self {
        let word: String = word.chars().filter(|c| !matches!(c, '[' | ']' | '\n')).collect();
        Self(word.trim().to_owned())
    }

    /// The entries of the delivery `{chat}/{seq}-{sub}`, none longer than `chars_max` characters.
    pub(super) fn entries(&self, id: &str, words: &str, chars_max: usize) -> Vec<Entry> {
        let number = id.rsplit_once('/').map_or(id, |(_, number)| number);
        let number = number.strip_suffix("-0").unwrap_or(number);
        // Room for the label itself, with part numbers of three digits.
        let room = chars_max.saturating_sub(self.0.chars().count() + number.len() + 9).max(1);
        let parts = text::split(words, room);
        let several = parts.len() > 1;
        let entry = |(part, words): (usize, String)| {
            let part = if several { format!(".{}", part + 1) } else { String::new() };
            Entry { numbers: format!("{number}{part}"), words }
        };
        parts.into_iter().enumerate().map(entry).collect()
    }

    /// Joins entries that follow each other, as long as they fit into `chars_max` characters.
    pub(super) fn join(&self, entries: Vec<Entry>, chars_max: usize) -> Vec<Entry> {
        let mut joined: Vec<Entry> = Vec::new();
        for entry in entries {
            if let Some(last) = joined.last_mut() {
                let both = Entry {
                    numbers: format!("{},{}", last.numbers, entry.numbers),
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
        format!("[{} {}] {}", self.0, entry.numbers, entry.words)
    }

    /// The numbers of one of our entries; none for an entry of somebody else.
    pub(super) fn numbers<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let rest = text.strip_prefix('[').and_then(|rest| rest.strip_prefix(&self.0));
        let numbers = rest.and_then(|rest| rest.strip_prefix(' ')?.split_once(']'));
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | ',');
        let numbers = numbers.map(|(numbers, _)| numbers).filter(|all| all.chars().all(is_number));
        numbers.into_iter().flat_map(|all| all.split(',')).filter(|number| !number.is_empty())
    }

    /// Whether an entry has our label.
    pub(crate) fn is_ours(&self, text: &str) -> bool {
        self.numbers(text).next().is_some()
    }
}
