//! Setting many documents at once, each named by its id: what differs is changed, and the same set
//! given again changes nothing. Everything is checked before the first change.

use std::collections::HashSet;

use serde::Serialize;

use crate::{
    Directory, DirectoryError, Held, New,
    author::Author,
    changes::changes,
    document::{Body, Seen},
    kind::Kind,
    trail::FieldChange,
};

/// The tables of a file by what they hold; what others lead to comes first.
pub const TABLES: [(&str, Kind); 4] = [
    ("connectors", Kind::Connector),
    ("routes", Kind::Route),
    ("bots", Kind::Bot),
    ("agents", Kind::Agent),
];

/// The table of a kind in a file.
#[must_use]
pub fn table(kind: Kind) -> &'static str {
    let known = TABLES.iter().find(|(_, of)| *of == kind);
    known.map_or(kind.name(), |(table, _)| table)
}

/// A document that cannot be set.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind} {id}: {error}")]
pub struct NotSet {
    pub kind: Kind,
    pub id: String,
    pub error: DirectoryError,
}

/// What happens to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Created,
    Changed,
    Removed,
}

/// How a set of documents differs from what is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub kind: Kind,
    pub id: String,
    pub what: What,
    /// The settings, without secrets.
    pub changes: Vec<FieldChange>,
}

impl Directory {
    /// What [`Directory::apply`] would do.
    ///
    /// # Errors
    /// Names the first document that cannot be set.
    pub fn differences(
        &self,
        organization: &str,
        documents: &[New],
        prune: &[Kind],
    ) -> Result<Vec<Difference>, NotSet> {
        let current = self.current();
        let (mut found, mut named) = (Vec::new(), HashSet::new());
        for new in documents {
            let (kind, id) = (new.kind, id_of(new));
            let failed = |error| NotSet { kind, id: id.clone(), error };
            let held = current.get(kind, &id);
            if held.is_some_and(|held| *held.organization != *organization) {
                return Err(failed(DirectoryError::IdTaken));
            }
            let before = held.map(|held| held.document.body());
            let after = self.stored(kind, &id, new.settings.clone(), before).map_err(failed)?;
            if let Some(difference) = difference(held, new, &id, &after) {
                if held.is_some_and(Held::is_managed) {
                    return Err(failed(DirectoryError::Managed));
                }
                found.push(difference);
            }
            named.insert((kind, id));
        }
        for kind in prune.iter().copied() {
            for held in current.list(organization, kind, "") {
                let id = held.id.to_string();
                if !held.is_managed() && !named.contains(&(kind, id.clone())) {
                    found.push(Difference { kind, id, what: What::Removed, changes: Vec::new() });
                }
            }
        }
        Ok(found)
    }

    /// Sets the documents, and removes those of the kinds `prune` that are not named. What a file
    /// of the server manages is left alone, and cannot be set.
    ///
    /// # Errors
    /// Names the first document that cannot be set. When it is one that was changed by another
    /// meanwhile, those before it are set; apply the whole again.
    pub async fn apply(
        &self,
        organization: &str,
        documents: Vec<New>,
        prune: &[Kind],
        author: &Author,
    ) -> Result<Vec<Difference>, NotSet> {
        let differences = self.differences(organization, &documents, prune)?;
        for new in documents {
            let (kind, id) = (new.kind, id_of(&new));
            if !differences.iter().any(|it| it.kind == kind && it.id == id) {
                continue;
            }
            let set = self.set(organization, &id, new, author).await;
            set.map_err(|error| NotSet { kind, id, error })?;
        }
        let removed = differences.iter().filter(|it| it.what == What::Removed);
        for Difference { kind, id, .. } in removed {
            let current = self.current();
            let Some(held) = current.get(*kind, id) else { continue };
            let removed = self.remove(held, Seen::Any, author.clone()).await;
            removed.map_err(|error| NotSet { kind: *kind, id: id.clone(), error })?;
        }
        Ok(differences)
    }

    /// Makes, changes or restores one document. `None` when it was so already.
    pub(crate) async fn set(
        &self,
        organization: &str,
        id: &str,
        new: New,
        author: &Author,
    ) -> Result<Option<What>, DirectoryError> {
        let current = self.current();
        let held = current.get(new.kind, id);
        let held = held.filter(|held| *held.organization == *organization);
        let Some(held) = held else {
            let made = New { id: Some(id.to_owned()), ..new.clone() };
            match self.create(organization, made, author.clone(), None).await {
                Err(DirectoryError::IdTaken) => {
                    self.restore(organization, id, new, author.clone()).await?
                }
                made => made?,
            };
            return Ok(Some(What::Created));
        };
        let before = held.document.version();
        let held = self.change(held, Seen::Any, new.settings, author.clone(), None).await?;
        let held = self.rename(&held, Seen::Any, &new.slug, author.clone()).await?;
        Ok((held.document.version() != before).then_some(What::Changed))
    }
}

fn id_of(new: &New) -> String {
    new.id.clone().unwrap_or_else(|| new.slug.clone())
}

fn difference(held: Option<&Held>, new: &New, id: &str, after: &Body) -> Option<Difference> {
    let none = Body::new();
    let before = held.map_or(&none, |held| held.document.body());
    let mut changes = changes(before, after);
    if let Some(held) = held
        && held.document.slug() != new.slug
    {
        let quoted = |text: &str| Some(serde_json::Value::from(text).to_string());
        let (before, after) = (quoted(held.document.slug()), quoted(&new.slug));
        changes.push(FieldChange { field: "slug".to_owned(), before, after });
    }
    let what = if held.is_some() { What::Changed } else { What::Created };
    let is_same = held.is_some() && changes.is_empty();
    (!is_same).then(|| Difference { kind: new.kind, id: id.to_owned(), what, changes })
}
