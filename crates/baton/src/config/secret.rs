//! A secret in the configuration: the text itself, `{ file = "…" }`, or `{ env = "…" }`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use super::OneOrMore;

/// Where a secret comes from. Has no `Debug`: it may hold the secret itself.
#[derive(Clone)]
pub(crate) enum Secret {
    Text(SecretString),
    File(PathBuf),
    Env(String),
}

impl Secret {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(SecretString::from(text))
    }

    /// `None` for a source that is not known.
    pub(super) fn from_place(source: &str, place: String) -> Option<Self> {
        match source {
            "file" => Some(Self::File(PathBuf::from(place))),
            "env" => Some(Self::Env(place)),
            _ => None,
        }
    }

    /// Makes the path of a file relative to `base`.
    pub(super) fn rebase(&mut self, base: &Path) {
        if let Self::File(path) = self {
            *path = base.join(&*path);
        }
    }

    /// The secret itself; `key` names the setting in errors.
    pub(crate) fn read(&self, key: &str) -> anyhow::Result<SecretString> {
        let secret = match self {
            Self::Text(secret) => secret.clone(),
            Self::File(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("`{key}`: cannot read {}", path.display()));
                SecretString::from(text?.trim_end_matches(['\r', '\n']).to_owned())
            }
            Self::Env(name) => {
                let text = std::env::var(name);
                let text = text.with_context(|| {
                    format!("`{key}`: the environment variable {name} is not set")
                });
                SecretString::from(text?)
            }
        };
        ensure!(!secret.expose_secret().is_empty(), "`{key}` is empty: give a secret");
        Ok(secret)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Several while one takes the place of another.
pub(crate) type Secrets = OneOrMore<Secret>;

impl Secrets {
    /// All of them; `key` names the setting in errors.
    pub(crate) fn read(&self, key: &str) -> anyhow::Result<Vec<SecretString>> {
        self.iter().map(|secret| secret.read(key)).collect()
    }
}

struct SecretVisitor;

const SOURCES: &[&str] = &["file", "env"];

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret: text, { file = \"path\" } or { env = \"NAME\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::Text(SecretString::from(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Secret, A::Error> {
        let (source, place) = only_entry(map)?;
        let secret = Secret::from_place(&source, place);
        secret.ok_or_else(|| de::Error::unknown_field(&source, SOURCES))
    }
}

/// The source of a secret and its place there.
pub(super) fn only_entry<'de, A: MapAccess<'de>>(mut map: A) -> Result<(String, String), A::Error> {
    let Some(entry) = map.next_entry()? else {
        return Err(de::Error::custom("a secret needs `file` or `env`"));
    };
    if map.next_key::<String>()?.is_some() {
        return Err(de::Error::custom("a secret comes from one place: `file` or `env`"));
    }
    Ok(entry)
}
