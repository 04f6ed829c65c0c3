//! Message texts that can be found again on every side. Each carries a token with its speaker, its
//! party, and its number among the messages of this speaker.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Speaker {
    Visitor,
    Agent,
}

/// `v3n14`: the fourteenth message of the visitor of party 3. Letters and digits alone, which no
/// tool changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Token {
    pub(super) speaker: Speaker,
    pub(super) party: u64,
    pub(super) n: u64,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.speaker {
            Speaker::Visitor => 'v',
            Speaker::Agent => 'a',
        };
        write!(f, "{letter}{}n{}", self.party, self.n)
    }
}

impl Token {
    /// The tokens of one speaker in a text, in the order of the text.
    pub(super) fn all_in(text: &str, speaker: Speaker) -> Vec<Self> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter_map(Self::parse).filter(|token| token.speaker == speaker).collect()
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        let speaker = match word.as_bytes().first()? {
            b'v' => Speaker::Visitor,
            b'a' => Speaker::Agent,
            _ => return None,
        };
        let (party, n) = word[1..].split_once('n')?;
        Some(Self { speaker, party: party.parse().ok()?, n: n.parse().ok()? })
    }
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A question for the bot, or for a human agent; its text has no token.
    Ask,
    /// Asks the human agent to end the chat; other messages of this kind under way may be refused
    /// then.
    Goodbye,
}

/// A message that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) token: Token,
    pub(super) text: String,
    pub(super) kind: Kind,
    /// The last message that the speaker had read: it must come before this one on every side.
    pub(super) after: Option<Token>,
}

/// One message as one side shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) token: Token,
    pub(super) text: String,
}

/// A notice: a text of the tool or of Baton, not of a speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    /// Number of lines before it.
    pub(super) place: usize,
    pub(super) text: String,
}

impl Line {
    /// The lines in a text of one speaker: usually one, and none for a notice.
    pub(super) fn all_in(text: &str, speaker: Speaker) -> impl Iterator<Item = Self> {
        let tokens = Token::all_in(text, speaker).into_iter();
        tokens.map(move |token| Self { token, text: text.to_owned() })
    }
}
