//! What tells apart names with the same words: `A+` and `A-`, `C` and `C#`, `.NET` and `net`, and
//! the letters that only one language distinguishes.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::{
    fold::{Letters, is_sign},
    text::{Text, stands_alone},
};

/// The words of a run as written, and the signs directly before and after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    left: String,
    words: String,
    right: String,
}

impl Written {
    pub(crate) fn read(text: &Text, run: Range<usize>, letters: Letters) -> Self {
        let mut words = String::new();
        for at in run.clone() {
            if at > run.start {
                let gap = text.gap_after(at - 1);
                words.push_str(&right(gap));
                words.push_str(if gap.is_empty() { "" } else { " " });
                words.push_str(&left(gap));
            }
            words.push_str(&letters.exactly(text.written(at..at + 1)));
        }
        let after = run.end.checked_sub(1).map_or("", |last| text.after(last));
        Self { left: left(text.before(run.start)), words, right: right(after) }
    }

    /// All of a text.
    pub(crate) fn of(raw: &str, letters: Letters) -> Self {
        let text = Text::new(raw);
        Self::read(&text, 0..text.len(), letters)
    }

    /// Whether this name stands in the text: its words, and its signs beside them.
    pub(crate) fn stands_in(&self, text: &Self) -> bool {
        self.words == text.words
            && text.left.ends_with(&self.left)
            && text.right.starts_with(&self.right)
    }

    /// Number of bytes in the signs around the words.
    pub(crate) fn signs(&self) -> usize {
        self.left.len() + self.right.len()
    }
}

/// The signs at the end of what stands before a word.
fn left(before: &str) -> String {
    let signs: Vec<char> = before.chars().rev().take_while(|c| counts(*c)).collect();
    let rest: &str = &before[..before.len() - signs.iter().map(|c| c.len_utf8()).sum::<usize>()];
    // The point of `.NET` belongs to the name, the one of `Hello.Net` does not.
    let dot = rest.strip_suffix('.').filter(|r| !r.ends_with(|c: char| !c.is_whitespace()));
    let mut all: String = if dot.is_some() { ".".to_owned() } else { String::new() };
    all.extend(signs.into_iter().rev());
    same(&all)
}

/// The signs at the start of what stands after a word.
fn right(after: &str) -> String {
    same(&after.chars().take_while(|c| counts(*c)).collect::<String>())
}

fn counts(c: char) -> bool {
    let plain = std::iter::once(c).nfkc().next().unwrap_or(c);
    is_sign(plain) && !stands_alone(c)
}

/// Signs of full width and every dash in one form.
fn same(signs: &str) -> String {
    let dash = |c: char| if matches!(c, '‐'..='―' | '−') { '-' } else { c };
    signs.nfkc().map(dash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_beside_a_word_count() {
        let stands = |name: &str, raw: &str, run: Range<usize>| {
            let text = Written::read(&Text::new(raw), run, Letters::Common);
            Written::of(name, Letters::Common).stands_in(&text)
        };
        assert!(stands("A-", "I got an A-, sadly", 3..4));
        assert!(stands("A-", "an A−", 1..2));
        assert!(!stands("A+", "I got an A-, sadly", 3..4));
        assert!(stands("C#", "Ｃ＃ please", 0..1));
        assert!(stands("C", "(C++)", 0..1) && stands("C++", "(C++)", 0..1));
        assert!(stands(".NET", "we use .Net.", 2..3) && !stands(".NET", "I use it.Net", 3..4));
        assert!(stands("C++/C#", "c++/c#!", 0..2) && !stands("C/C#", "c++/c#!", 0..2));
        assert!(stands("A+B", "a+b", 0..2) && !stands("A+B", "a-b", 0..2));
        assert!(stands("Yes", "yes!!", 0..1));
    }
}
