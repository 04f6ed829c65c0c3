//! One document of the directory: a bot, a route, a user. A state machine like conversations and
//! chats, so that its versions, its history and its idempotency come from the same store.
//!
//! The version of a document is the number of its last event, and its history is its events. What
//! the audit trail must still be told is owed by the state.

use std::sync::Arc;

use machine::{Event as _, Machine, Millis, Position, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    author::{Author, By},
    changes::changes,
    kind::Kind,
    trail::FieldChange,
};

#[cfg(test)]
mod tests;

/// The settings of a document. Secrets in it are sealed or hashed.
pub type Body = Map<String, Value>;

/// A document with its current settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    position: Position,
    kind: Option<Kind>,
    /// The organization's own name for it; found by it while it is not removed.
    slug: String,
    /// `kind/slug`, by which no two documents of an organization are the same.
    place: Option<String>,
    body: Arc<Body>,
    author: Author,
    created_at: Millis,
    changed_at: Millis,
    /// The last version that the audit trail knows of.
    audited: u64,
}

/// What happened to a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    Created {
        kind: Kind,
        slug: String,
        body: Arc<Body>,
        author: Author,
        /// What is set, for the audit trail.
        changes: Vec<FieldChange>,
    },
    Changed {
        body: Arc<Body>,
        author: Author,
        changes: Vec<FieldChange>,
    },
    Renamed {
        slug: String,
        before: String,
        author: Author,
    },
    Removed {
        author: Author,
    },
    /// It is there again, with its id and its history.
    Restored {
        slug: String,
        body: Arc<Body>,
        author: Author,
        changes: Vec<FieldChange>,
    },
    /// The audit trail has every version up to this one.
    Audited {
        version: u64,
    },
}

/// What a document is asked to do.
#[derive(Debug, Clone)]
pub enum Input {
    Create { kind: Kind, slug: String, body: Arc<Body>, author: Author },
    Change { seen: Seen, body: Arc<Body>, author: Author },
    Rename { seen: Seen, slug: String, author: Author },
    Restore { slug: String, body: Arc<Body>, author: Author },
    Remove { seen: Seen, author: Author },
    Audited { version: u64 },
}

impl Input {
    /// Who asks; `None` for a note.
    #[must_use]
    pub fn author(&self) -> Option<&Author> {
        match self {
            Self::Create { author, .. }
            | Self::Change { author, .. }
            | Self::Rename { author, .. }
            | Self::Restore { author, .. }
            | Self::Remove { author, .. } => Some(author),
            Self::Audited { .. } => None,
        }
    }
}

/// The version that the author of a change has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Version(u64),
    /// The author overwrites whatever there is, as a file does.
    Any,
}

/// Why a change was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this name is taken")]
    Taken,
    #[error("it was changed since: you have seen version {seen}, it is at version {current}")]
    Stale { seen: u64, current: u64 },
    #[error("it was removed")]
    Removed,
    #[error("it is not removed")]
    Present,
}

impl Document {
    /// A document before its first event.
    #[must_use]
    pub fn blank() -> Self {
        Self {
            position: Position::default(),
            kind: None,
            slug: String::new(),
            place: None,
            body: Arc::default(),
            author: Author::system(),
            created_at: 0,
            changed_at: 0,
            audited: 0,
        }
    }

    /// `None` before the first event only.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    #[must_use]
    pub fn body(&self) -> &Arc<Body> {
        &self.body
    }

    /// Counts from 1; each change counts it up by one.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.position.seq
    }

    /// The author of the current version.
    #[must_use]
    pub fn author(&self) -> &Author {
        &self.author
    }

    #[must_use]
    pub fn created_at(&self) -> Millis {
        self.created_at
    }

    #[must_use]
    pub fn changed_at(&self) -> Millis {
        self.changed_at
    }

    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.kind.is_some() && self.place.is_none()
    }

    /// The versions that the audit trail must still be told of.
    #[must_use]
    pub fn unaudited(&self) -> std::ops::RangeInclusive<u64> {
        self.audited + 1..=self.position.seq
    }

    /// What decides that no two documents of an organization have the same name.
    #[must_use]
    pub fn place_of(kind: Kind, slug: &str) -> String {
        format!("{kind}/{slug}")
    }

    fn decide(&self, input: Input) -> Result<Option<Event>, Refusal> {
        let event = match input {
            Input::Create { kind, slug, body, author } => {
                if self.kind.is_some() {
                    return Err(Refusal::Taken);
                }
                let changes = changes(&self.body, &body);
                Event::Created { kind, slug, body, author, changes }
            }
            Input::Change { seen, body, author } => {
                self.check(seen)?;
                // The same settings count when they become or cease to be those of a file.
                let of_file = |author: &Author| author.by == By::File;
                if body == self.body && of_file(&author) == of_file(&self.author) {
                    return Ok(None);
                }
                let changes = changes(&self.body, &body);
                Event::Changed { body, author, changes }
            }
            Input::Rename { seen, slug, author } => {
                self.check(seen)?;
                if slug == self.slug {
                    return Ok(None);
                }
                Event::Renamed { slug, before: self.slug.clone(), author }
            }
            Input::Restore { slug, body, author } => {
                if !self.is_removed() {
                    return Err(Refusal::Present);
                }
                let changes = changes(&self.body, &body);
                Event::Restored { slug, body, author, changes }
            }
            Input::Remove { seen, author } => {
                self.check(seen)?;
                Event::Removed { author }
            }
            Input::Audited { version } => {
                if version <= self.audited || version > self.position.seq {
                    return Ok(None);
                }
                Event::Audited { version }
            }
        };
        Ok(Some(event))
    }

    fn check(&self, seen: Seen) -> Result<(), Refusal> {
        if self.place.is_none() {
            return Err(Refusal::Removed);
        }
        match seen {
            Seen::Version(seen) if seen != self.version() => {
                Err(Refusal::Stale { seen, current: self.version() })
            }
            Seen::Version(_) | Seen::Any => Ok(()),
        }
    }

    fn changed(&mut self, author: &Author, at: Millis) {
        self.author.clone_from(author);
        self.changed_at = at;
    }
}

impl Machine for Document {
    const PREFIX: &'static str = "doc";
    const FORMAT: u32 = 1;
    type Input = Input;
    type Event = Event;
    type Policy = ();
    type Refusal = Refusal;

    fn step(
        &mut self,
        (): &(),
        now: Millis,
        input: Input,
    ) -> Result<Vec<Recorded<Event>>, Refusal> {
        let Some(event) = self.decide(input)? else {
            return Ok(Vec::new());
        };
        let recorded = Recorded { position: self.position.next(event.is_note()), at: now, event };
        self.apply(&recorded);
        Ok(vec![recorded])
    }

    fn apply(&mut self, recorded: &Recorded<Event>) {
        self.position = recorded.position;
        let at = recorded.at;
        match &recorded.event {
            Event::Created { kind, slug, body, author, .. } => {
                self.kind = Some(*kind);
                self.slug.clone_from(slug);
                self.place = Some(Self::place_of(*kind, slug));
                self.body.clone_from(body);
                self.created_at = at;
                self.changed(author, at);
            }
            Event::Changed { body, author, .. } => {
                self.body.clone_from(body);
                self.changed(author, at);
            }
            Event::Renamed { slug, author, .. } => {
                self.slug.clone_from(slug);
                self.place = self.kind.map(|kind| Self::place_of(kind, slug));
                self.changed(author, at);
            }
            Event::Restored { slug, body, author, .. } => {
                self.slug.clone_from(slug);
                self.place = self.kind.map(|kind| Self::place_of(kind, slug));
                self.body.clone_from(body);
                self.changed(author, at);
            }
            Event::Removed { author } => {
                self.place = None;
                self.changed(author, at);
            }
            Event::Audited { version } => self.audited = *version,
        }
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        self.audited < self.position.seq
    }

    fn wake_at(&self) -> Option<Millis> {
        None
    }

    fn peer(&self) -> Option<&str> {
        self.place.as_deref()
    }

    fn initial(_peer: Option<&str>) -> Option<Self> {
        Some(Self::blank())
    }
}

impl machine::Event for Event {
    const FORMAT: u32 = 1;

    fn is_note(&self) -> bool {
        matches!(self, Self::Audited { .. })
    }
}

impl Event {
    /// The author of a change; `None` for a note.
    #[must_use]
    pub fn author(&self) -> Option<&Author> {
        match self {
            Self::Created { author, .. }
            | Self::Changed { author, .. }
            | Self::Renamed { author, .. }
            | Self::Removed { author }
            | Self::Restored { author, .. } => Some(author),
            Self::Audited { .. } => None,
        }
    }
}
