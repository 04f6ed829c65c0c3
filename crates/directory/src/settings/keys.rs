//! A key that callers present: a secret, or `{ hash = "…" }` with its SHA-256 in hexadecimal. The
//! hash is enough to check a key.

use std::{borrow::Cow, fmt};

use edge::{given::only_entry, secrets::KnownSecret};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use super::{OneOrMore, Secret, ensure};
use crate::rules::Wrong;

/// One key, or several while a new key replaces an old one.
pub type Keys = OneOrMore<Key>;

/// Has no `Debug`: it may be a secret.
pub enum Key {
    Secret(Secret),
    Hash(String),
}

impl Keys {
    /// Reads the keys. Errors name them by `setting`.
    ///
    /// # Errors
    /// When one is empty, cannot be read, or is not a hash.
    pub fn read(&self, setting: &str) -> Result<Vec<KnownSecret>, Wrong> {
        self.iter().map(|key| key.read(setting)).collect()
    }
}

impl From<Secret> for Keys {
    fn from(secret: Secret) -> Self {
        Self::from(Key::Secret(secret))
    }
}

impl Key {
    fn read(&self, setting: &str) -> Result<KnownSecret, Wrong> {
        match self {
            Self::Secret(secret) => {
                Ok(secret.read(setting).map_err(|error| Wrong::of(error.to_string()))?.into())
            }
            Self::Hash(hash) => {
                let hash = hash.to_ascii_lowercase();
                let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
                ensure(is_hash, || {
                    format!("`{setting}`: a hash has 64 hexadecimal digits; see `baton key`")
                })?;
                Ok(KnownSecret::Hash(hash))
            }
        }
    }
}

impl JsonSchema for Key {
    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let place = |source: &str| {
            json_schema!({
                "type": "object",
                "properties": { source: { "type": "string" } },
                "required": [source],
                "additionalProperties": false,
            })
        };
        json_schema!({
            "description": "The key itself, its SHA-256 in hexadecimal, or where it is.",
            "x-secret": "compared",
            "oneOf": [{ "type": "string" }, place("hash"), place("file"), place("env")],
        })
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
