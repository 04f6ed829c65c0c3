//! A directory whose documents have a name, a secret to send and keys to compare.

use directory::{
    Directory, DirectoryError, Held, New,
    author::Author,
    document::Body,
    kind::Kind,
    rules::{Rule, Rules, Wrong},
    seal::Keyring,
};
use edge::Clock;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::Store;

use crate::backend::Place;

pub(crate) const ORG: &str = "org_1";

/// Settings with a name that is not "wrong".
struct Named(Value);

impl Named {
    fn new() -> Self {
        Self(json!({
            "properties": {
                "token": { "x-secret": "read" },
                "keys": { "type": "array", "items": { "x-secret": "compared" } },
            },
        }))
    }
}

impl Rule for Named {
    fn schema(&self, _settings: &Body) -> Result<&Value, Wrong> {
        Ok(&self.0)
    }

    fn check(&self, _id: &str, settings: &Body) -> Result<(), Wrong> {
        if settings["name"] == "wrong" {
            let detail = "`name` is wrong: give another".to_owned();
            return Err(Wrong { field: Some("name".to_owned()), detail });
        }
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) directory: Directory,
}

impl World {
    pub(crate) async fn open(place: &Place) -> Self {
        Self::open_with(place, Keyring::parse(KEYS).unwrap()).await
    }

    pub(crate) async fn open_with(place: &Place, keyring: Keyring) -> Self {
        let store = place.open().await;
        let rules = Rules::default().with(Kind::Bot, Named::new()).with(Kind::Route, Named::new());
        let opened = Directory::open(store.clone(), Clock::system(), rules, keyring).await;
        Self { store, directory: opened.unwrap() }
    }

    /// Ends everything, as the end of the process does.
    pub(crate) async fn close(self) {
        drop(self.directory);
        self.store.close().await;
    }

    pub(crate) async fn make(&self, slug: &str) -> Held {
        self.try_make(ORG, new(slug)).await.unwrap()
    }

    pub(crate) async fn try_make(&self, org: &str, new: New) -> Result<Held, DirectoryError> {
        self.directory.create(org, new, Author::system(), None).await
    }

    pub(crate) fn find(&self, slug: &str) -> Option<Held> {
        self.directory.current().find(ORG, Kind::Bot, slug).cloned()
    }
}

pub(crate) const KEYS: &str = "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

pub(crate) fn rotated() -> Keyring {
    Keyring::parse(Keyring::parse(KEYS).unwrap().rotated().to_text().expose_secret()).unwrap()
}

pub(crate) fn new(slug: &str) -> New {
    New { kind: Kind::Bot, id: None, slug: slug.to_owned(), settings: settings(slug) }
}

pub(crate) fn settings(name: &str) -> Body {
    let Value::Object(body) = json!({
        "name": name,
        "token": "canary-token-of-a-webhook",
        "keys": ["canary-key-of-a-bridge"],
    }) else {
        panic!("settings are an object")
    };
    body
}
