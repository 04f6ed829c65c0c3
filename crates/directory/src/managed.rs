//! Documents that a file manages: what the file says is set, what it no longer names is removed.

use std::collections::HashSet;

use crate::{
    Directory, DirectoryError, Held, New,
    author::{Author, By},
    document::Seen,
    kind::Kind,
};

/// What setting the documents of a file changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub created: Vec<(Kind, String)>,
    pub changed: Vec<(Kind, String)>,
    pub removed: Vec<(Kind, String)>,
}

impl Changes {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// A document of the file that cannot be set.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind} {id}: {error}")]
pub struct FileError {
    pub kind: Kind,
    pub id: String,
    pub error: DirectoryError,
}

/// Whether the current settings of a document come from a file, so that they can be changed only
/// there.
#[must_use]
pub fn is_managed(held: &Held) -> bool {
    held.document.author().by == By::File
}

impl Directory {
    /// Sets the documents of a file, each with its id. Setting the same again changes nothing.
    ///
    /// # Errors
    /// Names the first document that cannot be set. Those before it are set.
    pub async fn take_over(
        &self,
        organization: &str,
        documents: Vec<New>,
    ) -> Result<Changes, FileError> {
        let mut changes = Changes::default();
        let mut named = HashSet::new();
        for new in documents {
            let id = new.id.clone().unwrap_or_else(|| new.slug.clone());
            named.insert((new.kind, id.clone()));
            let kind = new.kind;
            let set = self.take_over_one(organization, &id, new, &mut changes).await;
            set.map_err(|error| FileError { kind, id, error })?;
        }
        let current = self.current();
        for kind in Kind::ALL {
            for held in current.list(organization, kind, "") {
                if !is_managed(held) || named.contains(&(kind, held.id.to_string())) {
                    continue;
                }
                let id = held.id.to_string();
                let removed = self.remove(held, Seen::Any, Author::file()).await;
                removed.map_err(|error| FileError { kind, id: id.clone(), error })?;
                changes.removed.push((kind, id));
            }
        }
        Ok(changes)
    }

    async fn take_over_one(
        &self,
        organization: &str,
        id: &str,
        new: New,
        changes: &mut Changes,
    ) -> Result<(), DirectoryError> {
        let (kind, author) = (new.kind, Author::file());
        let current = self.current();
        let held = current.get(kind, id).filter(|held| *held.organization == *organization);
        let Some(held) = held else {
            let made = New { id: Some(id.to_owned()), ..new.clone() };
            match self.create(organization, made, author.clone(), None).await {
                Err(DirectoryError::IdTaken) => self.restore(organization, id, new, author).await?,
                made => made?,
            };
            changes.created.push((kind, id.to_owned()));
            return Ok(());
        };
        let before = held.document.version();
        let held = self.change(held, Seen::Any, new.settings, author.clone(), None).await?;
        let held = self.rename(&held, Seen::Any, &new.slug, author.clone()).await?;
        if held.document.version() != before {
            changes.changed.push((kind, id.to_owned()));
        }
        Ok(())
    }
}
