//! What all handlers share.

use directory::Directory;
use edge::Clock;
use secrecy::SecretString;
use store::Store;

use crate::{
    Parts,
    people::{Credentials, KeyUses, Links, Sessions, SetUp},
};

pub(crate) struct App {
    pub(crate) directory: Directory,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) bootstrap_key: Option<SecretString>,
    pub(crate) credentials: Credentials,
    pub(crate) sessions: Sessions,
    pub(crate) links: Links,
    pub(crate) set_up: SetUp,
    pub(crate) key_uses: KeyUses,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { directory, store, clock, bootstrap_key } = parts;
        let credentials = Credentials::new(store.clone(), directory.clone());
        let links = Links::new(store.clone(), clock.clone());
        Self {
            sessions: Sessions::new(store.clone()),
            set_up: SetUp::new(directory.clone(), credentials.clone(), links.clone()),
            key_uses: KeyUses::new(store.clone()),
            credentials,
            links,
            directory,
            store,
            clock,
            bootstrap_key,
        }
    }
}
