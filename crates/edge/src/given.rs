//! A secret in the configuration: the text itself, `{ file = "…" }`, or `{ env = "…" }`.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

/// Why a secret cannot be read; `key` is the setting.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("`{key}`: cannot read {}: {error}", path.display())]
    File { key: String, path: PathBuf, error: std::io::Error },
    #[error("`{key}`: set the environment variable {name}; it is not set")]
    Env { key: String, name: String },
    #[error("`{key}` is empty: give a secret")]
    Empty { key: String },
}

/// Where a secret comes from. It has no `Debug`, because it may hold the secret itself.
#[derive(Clone)]
pub enum Secret {
    Text(SecretString),
    File(PathBuf),
    Env(String),
}

impl Secret {
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(SecretString::from(text))
    }

    /// The source `file` or `env` and the path or name there; `None` for another source.
    #[must_use]
    pub fn from_source(source: &str, value: String) -> Option<Self> {
        match source {
            "file" => Some(Self::File(PathBuf::from(value))),
            "env" => Some(Self::Env(value)),
            _ => None,
        }
    }

    /// Makes the path of a file relative to `base`.
    pub fn rebase(&mut self, base: &Path) {
        if let Self::File(path) = self {
            *path = base.join(&*path);
        }
    }

    /// Reads the secret; `key` names the setting in errors. Line ends after the secret in a file
    /// are left out.
    pub fn read(&self, key: &str) -> Result<SecretString, SecretError> {
        let key = key.to_owned();
        let secret = match self {
            Self::Text(secret) => secret.clone(),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => {
                    return Err(SecretError::File { key, path: path.clone(), error });
                }
            },
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => SecretString::from(text),
                Err(_) => return Err(SecretError::Env { key, name: name.clone() }),
            },
        };
        if secret.expose_secret().is_empty() {
            return Err(SecretError::Empty { key });
        }
        Ok(secret)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
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
            "description": "The text itself, or the file or environment variable that holds it.",
            "x-secret": "read",
            "oneOf": [{ "type": "string" }, place("file"), place("env")],
        })
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
        let (source, value) = only_entry(map)?;
        let secret = Secret::from_source(&source, value);
        secret.ok_or_else(|| de::Error::unknown_field(&source, SOURCES))
    }
}

/// The source of a secret, `file` or `env`, and the path or name there. A map with no entry or more
/// than one is an error.
pub fn only_entry<'de, A: MapAccess<'de>>(mut map: A) -> Result<(String, String), A::Error> {
    let Some(entry) = map.next_entry()? else {
        return Err(de::Error::custom("a secret needs `file` or `env`"));
    };
    if map.next_key::<String>()?.is_some() {
        return Err(de::Error::custom("give a secret in one way only: `file` or `env`"));
    }
    Ok(entry)
}
