//! A key that callers present: a secret, or `{ hash = "…" }` with its SHA-256 in hexadecimal. The
//! hash is enough to check a key.

use std::fmt;

use anyhow::ensure;
use edge::secrets::KnownSecret;
use secrecy::ExposeSecret as _;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use edge::given::only_entry;

use super::{OneOrMore, Secret};

/// Fewest characters of a key that opens an endpoint.
const KEY_CHARS_MIN: usize = 12;

/// One key, or several while a new key replaces an old one.
pub(crate) type Keys = OneOrMore<Key>;

/// Has no `Debug`: it may be a secret.
pub(crate) enum Key {
    Secret(Secret),
    Hash(String),
}

impl Keys {
    /// Reads the keys. Errors name them by `setting`.
    pub(crate) fn read(&self, setting: &str) -> anyhow::Result<Vec<KnownSecret>> {
        self.iter().map(|key| key.read(setting)).collect()
    }

    /// Reads the keys, and refuses one that could be guessed.
    pub(crate) fn read_strong(&self, setting: &str) -> anyhow::Result<Vec<KnownSecret>> {
        let keys = self.read(setting)?;
        for key in &keys {
            if let KnownSecret::Clear(key) = key {
                let chars = key.expose_secret().chars().count();
                ensure!(
                    chars >= KEY_CHARS_MIN,
                    "`{setting}` has {chars} characters and could be guessed: give at least \
                     {KEY_CHARS_MIN}; `baton key` makes a good one"
                );
            }
        }
        Ok(keys)
    }

    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        self.iter_mut().filter_map(|key| match key {
            Key::Secret(secret) => Some(secret),
            Key::Hash(_) => None,
        })
    }
}

impl From<Secret> for Keys {
    fn from(secret: Secret) -> Self {
        Self::from(Key::Secret(secret))
    }
}

impl Key {
    fn read(&self, setting: &str) -> anyhow::Result<KnownSecret> {
        match self {
            Self::Secret(secret) => Ok(secret.read(setting)?.into()),
            Self::Hash(hash) => {
                let hash = hash.to_ascii_lowercase();
                let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
                ensure!(is_hash, "`{setting}`: a hash has 64 hexadecimal digits; see `baton key`");
                Ok(KnownSecret::Hash(hash))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

const SOURCES: &[&str] = &["file", "env", "hash"];

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key: text, { file = \"path\" }, { env = \"NAME\" } or { hash = \"…\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key::Secret(Secret::text(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Key, A::Error> {
        let (source, place) = only_entry(map)?;
        if source == "hash" {
            return Ok(Key::Hash(place));
        }
        let secret = Secret::from_source(&source, place).map(Key::Secret);
        secret.ok_or_else(|| de::Error::unknown_field(&source, SOURCES))
    }
}
