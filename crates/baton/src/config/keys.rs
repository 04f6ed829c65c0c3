//! Keys that others present: one or several, so that a new one can be introduced before the old
//! one goes. A key is a secret, or `{ hash = "…" }` with its SHA-256 in hexadecimal, which is enough
//! to recognize it.

use std::fmt;

use anyhow::ensure;
use edge::secrets::KnownSecret;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use super::{Secret, secret::only_entry};

/// Has no `Debug`: it may hold secrets.
pub(crate) struct Keys(Vec<Key>);

enum Key {
    Secret(Secret),
    Hash(String),
}

impl Keys {
    pub(crate) fn one(secret: Secret) -> Self {
        Self(vec![Key::Secret(secret)])
    }

    /// The keys themselves; `setting` names them in errors.
    pub(crate) fn read(&self, setting: &str) -> anyhow::Result<Vec<KnownSecret>> {
        ensure!(!self.0.is_empty(), "`{setting}` is an empty list: give a key");
        self.0.iter().map(|key| key.read(setting)).collect()
    }

    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        self.0.iter_mut().filter_map(|key| match key {
            Key::Secret(secret) => Some(secret),
            Key::Hash(_) => None,
        })
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

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a key: text, { file = \"path\" }, { env = \"NAME\" } or { hash = \"…\" }, or a list",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Keys, E> {
        Ok(Keys::one(Secret::text(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keys, A::Error> {
        KeyVisitor.visit_map(map).map(|key| Keys(vec![key]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = list.next_element()? {
            keys.push(key);
        }
        Ok(Keys(keys))
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
        KeysVisitor.expecting(f)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key::Secret(Secret::text(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Key, A::Error> {
        let (source, place) = only_entry(map)?;
        if source == "hash" {
            return Ok(Key::Hash(place));
        }
        let secret = Secret::from_place(&source, place).map(Key::Secret);
        secret.ok_or_else(|| de::Error::unknown_field(&source, SOURCES))
    }
}
