//! Documents that a file manages: what the file says is set, what it no longer names is removed.

use std::collections::HashSet;

use crate::{
    Directory, New,
    apply::{NotSet, What},
    author::Author,
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

impl Directory {
    /// Sets the documents of a file, each with its id. Setting the same again changes nothing.
    ///
    /// # Errors
    /// Names the first document that cannot be set. Those before it are set.
    pub async fn take_over(
        &self,
        organization: &str,
        documents: Vec<New>,
    ) -> Result<Changes, NotSet> {
        let mut changes = Changes::default();
        let mut named = HashSet::new();
        for new in documents {
            let id = new.id.clone().unwrap_or_else(|| new.slug.clone());
            named.insert((new.kind, id.clone()));
            let kind = new.kind;
            match self.set(organization, &id, new, &Author::file()).await {
                Ok(Some(What::Created)) => changes.created.push((kind, id)),
                Ok(Some(_)) => changes.changed.push((kind, id)),
                Ok(None) => {}
                Err(error) => return Err(NotSet { kind, id, error }),
            }
        }
        let current = self.current();
        for kind in Kind::ALL {
            for held in current.list(organization, kind, "") {
                if !held.is_managed() || named.contains(&(kind, held.id.to_string())) {
                    continue;
                }
                let id = held.id.to_string();
                let removed = self.remove(held, Seen::Any, Author::file()).await;
                removed.map_err(|error| NotSet { kind, id: id.clone(), error })?;
                changes.removed.push((kind, id));
            }
        }
        Ok(changes)
    }
}
