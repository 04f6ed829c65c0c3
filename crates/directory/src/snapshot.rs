//! All documents in memory, as they were after the last change. Whoever reads it takes no lock and
//! waits for nothing; a change replaces it as a whole.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
};

use crate::{author::By, document::Document, kind::Kind};

/// A document in the snapshot.
#[derive(Debug, Clone)]
pub struct Held {
    /// The id of its organization.
    pub organization: Arc<str>,
    pub kind: Kind,
    /// It never changes, and no other document of its kind ever gets it.
    pub id: Arc<str>,
    pub document: Arc<Document>,
}

impl Held {
    /// Whether its settings come from a file of the server, so that they are changed only there.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        self.document.author().by == By::File
    }
}

/// The documents that are not removed.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    by_id: HashMap<(Kind, Arc<str>), Held>,
    by_slug: BTreeMap<Slug, Arc<str>>,
}

/// Organization, kind, slug.
type Slug = (Arc<str>, Kind, Arc<str>);

impl Snapshot {
    /// The document with this id, of any organization.
    #[must_use]
    pub fn get(&self, kind: Kind, id: &str) -> Option<&Held> {
        self.by_id.get(&(kind, Arc::from(id)))
    }

    /// The document of an organization with this id or slug. An id goes first.
    #[must_use]
    pub fn find(&self, organization: &str, kind: Kind, name: &str) -> Option<&Held> {
        let by_id = self.get(kind, name).filter(|held| *held.organization == *organization);
        by_id.or_else(|| {
            let id = self.by_slug.get(&(organization.into(), kind, name.into()))?;
            self.get(kind, id)
        })
    }

    /// The documents of one kind of an organization whose slug is after `after`, by their slugs.
    pub fn list<'a>(
        &'a self,
        organization: &str,
        kind: Kind,
        after: &str,
    ) -> impl Iterator<Item = &'a Held> + use<'a> {
        let organization: Arc<str> = organization.into();
        let from = Bound::Excluded((organization.clone(), kind, Arc::from(after)));
        self.by_slug
            .range((from, Bound::Unbounded))
            .take_while(move |((owner, of, _), _)| *owner == organization && *of == kind)
            .filter_map(move |(_, id)| self.get(kind, id))
    }

    /// All documents of one kind, of all organizations, in no order.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Held> {
        self.by_id.values().filter(move |held| held.kind == kind)
    }

    /// Takes over a document as it is now, unless a later version is here.
    pub(crate) fn put(&mut self, held: Held) {
        let key = (held.kind, held.id.clone());
        if let Some(before) = self.by_id.get(&key) {
            if before.document.version() > held.document.version() {
                return;
            }
            let slug = slug(before);
            // Another document may have taken the name since.
            if self.by_slug.get(&slug) == Some(&held.id) {
                self.by_slug.remove(&slug);
            }
        }
        if held.document.is_removed() {
            self.by_id.remove(&key);
        } else {
            self.by_slug.insert(slug(&held), held.id.clone());
            self.by_id.insert(key, held);
        }
    }
}

fn slug(held: &Held) -> Slug {
    (held.organization.clone(), held.kind, held.document.slug().into())
}
