//! The audit trail of one organization: append-only, each entry chained to the one before by its
//! hash, so that a changed or missing entry is found.

use edge::secrets::hash_hex;
use machine::{Machine, Millis, Position, Recorded};
use serde::{Deserialize, Serialize};

use crate::author::Author;

#[cfg(test)]
mod tests;

/// The trail. Its events are the entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    position: Position,
    /// Hash of the last entry, in hexadecimal; empty before the first.
    hash: String,
}

/// One entry: who did what to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub act: Act,
    /// SHA-256 in hexadecimal over the hash before, the number, the time and the act.
    pub hash: String,
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Act {
    pub author: Author,
    /// For example `bot.changed` or `conversation.read`.
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    /// The version of the document after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What a change changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// One setting before and after. A secret shows only that it is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// With dots between the levels, for example `webhook.url`.
    pub field: String,
    /// JSON text; `None` when it was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {0} is missing")]
    Missing(u64),
    #[error("entry {0} was changed after it was written")]
    Changed(u64),
    #[error("{0}")]
    Unreadable(String),
    #[error("the trail ends at entry {found}, but {expected} were written")]
    Short { found: u64, expected: u64 },
}

impl Trail {
    #[must_use]
    pub fn new() -> Self {
        Self { position: Position::default(), hash: String::new() }
    }

    /// How many entries there are.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.position.seq
    }

    /// The id of the trail of an organization.
    #[must_use]
    pub fn id(organization: &str) -> String {
        format!("{}_{organization}", Self::PREFIX)
    }

    /// Checks a part of the chain that follows this state, and moves over it.
    ///
    /// # Errors
    /// When an entry is missing or was changed.
    pub fn follow(&mut self, entries: &[Recorded<Entry>]) -> Result<(), Broken> {
        for entry in entries {
            let seq = self.position.seq + 1;
            if entry.position != (Position { seq, sub: 0 }) {
                return Err(Broken::Missing(seq));
            }
            if entry.event.hash != chained(&self.hash, seq, entry.at, &entry.event.act) {
                return Err(Broken::Changed(seq));
            }
            self.apply(entry);
        }
        Ok(())
    }

    /// Checks that the chain that was followed ends where the stored trail does.
    ///
    /// # Errors
    /// When entries are missing at the end, or the last hash is another.
    pub fn ends_as(&self, stored: &Self) -> Result<(), Broken> {
        let (found, expected) = (self.position.seq, stored.position.seq);
        if found < expected {
            return Err(Broken::Short { found, expected });
        }
        if self.hash != stored.hash {
            return Err(Broken::Changed(found));
        }
        Ok(())
    }
}

impl Default for Trail {
    fn default() -> Self {
        Self::new()
    }
}

/// The fields are joined as JSON, so that no two different entries give the same bytes.
fn chained(before: &str, seq: u64, at: Millis, act: &Act) -> String {
    let text = serde_json::to_string(&(before, seq, at, act)).unwrap_or_default();
    hash_hex(&text)
}

impl Machine for Trail {
    const PREFIX: &'static str = "aud";
    const FORMAT: u32 = 1;
    type Input = Act;
    type Event = Entry;
    type Policy = ();
    type Refusal = std::convert::Infallible;

    fn step(
        &mut self,
        (): &(),
        now: Millis,
        act: Act,
    ) -> Result<Vec<Recorded<Entry>>, Self::Refusal> {
        let position = self.position.next(false);
        let hash = chained(&self.hash, position.seq, now, &act);
        let recorded = Recorded { position, at: now, event: Entry { act, hash } };
        self.apply(&recorded);
        Ok(vec![recorded])
    }

    fn apply(&mut self, recorded: &Recorded<Entry>) {
        self.position = recorded.position;
        self.hash.clone_from(&recorded.event.hash);
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        false
    }

    fn wake_at(&self) -> Option<Millis> {
        None
    }

    fn peer(&self) -> Option<&str> {
        None
    }

    fn initial(_peer: Option<&str>) -> Option<Self> {
        Some(Self::new())
    }
}

impl machine::Event for Entry {
    const FORMAT: u32 = 1;

    fn is_note(&self) -> bool {
        false
    }
}
