//! What is kept beside the documents: secrets of others, and why a document cannot be used.

use std::{collections::HashMap, sync::Arc};

use secrecy::SecretString;

use super::Directory;
use crate::{kind::Kind, snapshot::Held};

impl Directory {
    /// Seals a secret that is kept elsewhere, bound to its place. `None` when it is too long.
    #[must_use]
    pub fn seal(&self, place: &str, secret: &SecretString) -> Option<String> {
        self.0.keyring.load().seal(place, secret).ok()
    }

    /// What [`Directory::seal`] sealed at this place; `None` when no key of today opens it.
    #[must_use]
    pub fn open_sealed(&self, place: &str, sealed: &str) -> Option<SecretString> {
        self.0.keyring.load().open(place, sealed).ok()
    }

    /// Says why a document cannot be used, or with `None` that it can.
    pub fn set_broken(&self, kind: Kind, id: &Arc<str>, reason: Option<&str>) {
        let key = (kind, id.clone());
        if reason.is_none() && !self.0.broken.load().contains_key(&key) {
            return;
        }
        self.0.broken.rcu(|broken| {
            let mut broken = HashMap::clone(broken);
            match reason {
                Some(reason) => broken.insert(key.clone(), reason.into()),
                None => broken.remove(&key),
            };
            broken
        });
    }

    /// Why a document cannot be used as it is. What was built of it before may still be in use.
    #[must_use]
    pub fn broken(&self, held: &Held) -> Option<Arc<str>> {
        self.0.broken.load().get(&(held.kind, held.id.clone())).cloned()
    }
}
